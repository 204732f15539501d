using System.CommandLine;
using Fabric.Ctl.Api;
using Fabric.Ctl.Output;

namespace Fabric.Ctl.Commands;

/// <summary><c>softgate</c>.</summary>
public static class SoftGateCommand
{
    /// <summary>The command.</summary>
    public static Command Build(CtlHost host)
    {
        var name = new Argument<string>("name") { Description = "name of the Device" };
        var enroll = new Command("enroll-token", "make the one-time token with which a SoftGate's agent gets its certificate") { name }
            .With(host, async (parsed, session, cancellationToken) =>
            {
                var token = await session.Api.SendAsync(HttpMethod.Post, $"softgates/{Uri.EscapeDataString(parsed.GetValue(name)!)}/enrollment-token", null, cancellationToken);
                if (!session.Print.Data(token))
                {
                    session.Print.Line(token.TextAt("token"));
                    session.Print.Note($"for '{token.TextAt("device")}', once, until {Printer.Time(token.TextAt("expires"))}; with -o json also the authority that the agent trusts");
                }

                return ExitCodes.Done;
            });
        return new Command("softgate", "SoftGates' agents") { enroll };
    }
}
