using Fabric.SoftGate.Host;

return await CommandLine.InvokeAsync(args);
