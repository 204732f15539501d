using Fabric.CloudStackBridge;

return await CommandLine.InvokeAsync(args, Bridge.RunAsync);
