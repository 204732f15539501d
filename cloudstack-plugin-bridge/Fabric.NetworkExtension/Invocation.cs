using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fabric.NetworkExtension;

/// <summary>
/// One call by CloudStack: <c>fabric-network-extension COMMAND PAYLOAD-FILE [SECONDS]</c>. The payload file holds the details that the extension was
/// registered with, what <c>ensure-network-device</c> last printed, and the payload; that of <c>custom-action</c> holds them beside one another.
/// </summary>
internal sealed class Invocation
{
    /// <summary>Largest payload file, octets: all VMs of a large network with their user data, many times over.</summary>
    internal const int MaxPayload = 64 << 20;

    private const string Registered = "physical-network-extension-details";
    private const string Printed = "network-extension-details";

    /// <summary>CloudStack names a time (60 s) and then waits for ever, with the network locked: two thirds of it, and at most this.</summary>
    private static readonly TimeSpan LongestLimit = TimeSpan.FromSeconds(40);

    private Invocation(string command, RegisteredDetails details, JsonObject body)
    {
        Command = command;
        Details = details;
        Body = body;
    }

    /// <summary>The command.</summary>
    internal string Command { get; }

    /// <summary>What the operator has registered.</summary>
    internal RegisteredDetails Details { get; }

    /// <summary>What goes to the bridge: the payload and what was printed before, nothing of what is secret about the way there.</summary>
    internal JsonObject Body { get; }

    /// <summary>How long it may take.</summary>
    internal TimeSpan Limit { get; private init; } = LongestLimit;

    /// <summary>Whether CloudStack reads what the command prints.</summary>
    internal bool HasOutput => Command is "ensure-network-device" or "implement-network" or "custom-action";

    /// <summary>Reads the arguments and the file.</summary>
    /// <exception cref="ExtensionException">They are not what CloudStack would send; the message says what is wrong.</exception>
    internal static Invocation Read(IReadOnlyList<string> arguments)
    {
        if (arguments.Count is not (2 or 3))
        {
            throw new ExtensionException("usage: fabric-network-extension COMMAND PAYLOAD-FILE [SECONDS]");
        }

        var command = arguments[0];
        if (command.Length is 0 or > 64 || !command.All(static c => c is (>= 'a' and <= 'z') or '-'))
        {
            throw new ExtensionException("the command may only hold lower-case letters and dashes");
        }

        return Of(command, Load(arguments[1]), LimitOf(arguments.Count > 2 ? arguments[2] : null));
    }

    internal static Invocation Of(string command, string text, TimeSpan limit)
    {
        try
        {
            var envelope = JsonNode.Parse(text, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 32 }) as JsonObject
                ?? throw new ExtensionException("the payload file does not hold a JSON object");
            return Of(command, envelope, limit);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // What the parser says may quote the payload, which holds passwords.
            throw new ExtensionException("the payload file does not hold JSON");
        }
    }

    private static Invocation Of(string command, JsonObject envelope, TimeSpan limit)
    {
        var details = RegisteredDetails.Of(envelope[Registered] as JsonObject
            ?? throw new ExtensionException($"the payload file has no {Registered}"));
        var payload = envelope["payload"] as JsonObject;
        if (payload is null && command == "custom-action")
        {
            payload = [.. envelope.Where(static p => p.Key is not (Registered or Printed)).Select(static p => KeyValuePair.Create(p.Key, p.Value?.DeepClone()))];
        }

        return new Invocation(command, details, new JsonObject
        {
            ["site"] = details.Site,
            ["tenant"] = details.Tenant,
            ["device"] = envelope[Printed]?.DeepClone(),
            ["payload"] = (payload ?? throw new ExtensionException("the payload file has no payload")).DeepClone(),
        })
        {
            Limit = limit,
        };
    }

    private static TimeSpan LimitOf(string? seconds) =>
        int.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and < 60 ? TimeSpan.FromSeconds(number) * (2.0 / 3) : LongestLimit;

    private static string Load(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            if (stream.Length > MaxPayload)
            {
                throw new ExtensionException($"the payload file is larger than {MaxPayload >> 20} MiB");
            }

            using var reader = new StreamReader(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true));
            return reader.ReadToEnd();
        }
        catch (DecoderFallbackException)
        {
            throw new ExtensionException("the payload file is not UTF-8");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new ExtensionException($"the payload file cannot be read: {e.Message}");
        }
    }
}
