using Fabric.Controller;

return await CommandLine.InvokeAsync(args, Fabricd.RunAsync);
