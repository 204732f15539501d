using Fabric.Ctl;

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stop.Cancel();
};
return await FabricCtl.RunAsync(args, CtlHost.OfProcess(), stop.Token);
