using System.CommandLine;
using Fabric.Bgp.Display;
using Fabric.Ctl.Capture;
using Fabric.Ctl.Output;

namespace Fabric.Ctl.Commands;

/// <summary><c>bgp</c>.</summary>
public static class BgpCommand
{
    private const ushort BgpPort = 179;

    /// <summary>The command.</summary>
    public static Command Build(CtlHost host) => new("bgp", "BGP neighbors and routes of a controller or route reflector, BGP messages and recorded sessions")
    {
        GlassCommands.Neighbors(host), GlassCommands.Refresh(host), GlassCommands.Routes(host), GlassCommands.Route(host), GlassCommands.Why(host), GlassCommands.Events(host), GlassCommands.Findings(host),
        InjectionCommands.Inject(host), InjectionCommands.Withdraw(host), InjectionCommands.Injected(host), Decode(host),
        BgpReplayCommand.Build(host),
    };

    private static Command Decode(CtlHost host)
    {
        var addPath = new Option<bool>("--add-path") { Description = "routes have path identifiers (RFC 7911)" };
        var as2 = new Option<bool>("--as2") { Description = "AS numbers in paths have two octets" };
        var extended = new Option<bool>("--extended") { Description = "messages may be longer than 4096 octets (RFC 8654)" };
        var port = new Option<ushort>("--port") { Description = "the TCP port of BGP in a capture", DefaultValueFactory = static _ => BgpPort };
        var command = new Command(
            "decode",
            "reads messages as hex, one a line, or a capture (pcap, pcapng) from standard input; prints them decoded, one JSON object a line. "
            + "The options say what was negotiated; in a capture that counts only until both OPENs were seen. "
            + "Exit code 1 when a message was malformed.") { addPath, as2, extended, port };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var context = DecodeContext.Unknown with
            {
                AddPath = parsed.GetValue(addPath) ? DecodeContext.KnownFamilies : [],
                FourOctetAs = !parsed.GetValue(as2),
                ExtendedMessage = parsed.GetValue(extended),
            };
            await using var stream = host.OpenInput();
            var input = new BufferedInput(stream);
            var lines = new DecodedLines(host.Out);
            await input.HasAsync(4, cancellationToken);
            if (CaptureReader.IsCapture(input.Buffered.Span))
            {
                await DecodeCaptureAsync(input, parsed.GetValue(port), context, lines, cancellationToken);
            }
            else
            {
                await DecodeHexAsync(input, context, lines, cancellationToken);
            }

            return lines.AnyMalformed ? ExitCodes.Malformed : ExitCodes.Done;
        });
        return command;
    }

    private static async Task DecodeHexAsync(BufferedInput input, DecodeContext context, DecodedLines output, CancellationToken cancellationToken)
    {
        var lines = new LineReader(input);
        while (await lines.NextAsync(cancellationToken) is { } line)
        {
            if (!HexLine.TryParse(line, out var message, out var error))
            {
                throw new CtlException(ExitCodes.Usage, $"line {lines.Number}: {error}");
            }

            if (message.Length > 0)
            {
                output.Message(lines.Number, message, context);
            }
        }
    }

    private static async Task DecodeCaptureAsync(
        BufferedInput input, ushort port, DecodeContext context, DecodedLines output, CancellationToken cancellationToken)
    {
        var conversations = new BgpConversations(port, context, output);
        try
        {
            await foreach (var frame in CaptureReader.ReadAsync(input, cancellationToken))
            {
                conversations.Add(frame);
            }
        }
        finally
        {
            conversations.End();
        }
    }
}
