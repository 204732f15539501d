using System.Net;
using System.Runtime.InteropServices;
using Fabric.Bgp.Benchmarks;
using Fabric.Bgp.Benchmarks.Speakers;

if (args is [BareRelay.Word, var relay, var sender])
{
    BareRelay.Run(IPAddress.Parse(relay), IPAddress.Parse(sender));
    return 0;
}

if (Options.Parse(args) is not { } options)
{
    Console.Error.WriteLine(Options.Usage);
    return 2;
}

// Both signals end the measurement the ordinary way, which ends the daemons.
using var cancel = new CancellationTokenSource();
void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    cancel.Cancel();
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
try
{
    return new Comparison(options, Console.Out, cancel.Token).Run() ? 0 : 1;
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine("stopped");
    return 130;
}
