using Fabric.Controller;
using Fabric.Controller.RouteReflector;

return await CommandLine.InvokeAsync(
    args, Fabricd.RunAsync, (source, config) => RouteReflectorProcess.RunAsync(source, config, TimeProvider.System));
