using System.CommandLine;
using System.CommandLine.Parsing;
using Fabric.Ctl.Api;
using Fabric.Ctl.Output;
using Fabric.Ctl.Settings;

namespace Fabric.Ctl.Commands;

/// <summary>What a command works with.</summary>
/// <param name="Host">The world.</param>
/// <param name="Api">The controller.</param>
/// <param name="Print">Where results go.</param>
public sealed record Session(CtlHost Host, ApiClient Api, Printer Print);

/// <summary>All commands.</summary>
public static class CommandTree
{
    /// <summary>Address of the controller.</summary>
    public static readonly Option<string?> Server = new("--server") { Description = "address of the controller, https://host:8443, or of a route reflector, http://127.0.0.1:8179 (else $FABRIC_SERVER, else that of the last login)", Recursive = true };

    /// <summary>File with the token.</summary>
    public static readonly Option<string?> TokenFile = new("--token-file") { Description = "file with the API token (else $FABRIC_TOKEN_FILE, else that of the last login)", Recursive = true };

    /// <summary>File with the certificate authority.</summary>
    public static readonly Option<string?> Ca = new("--ca") { Description = "certificates that vouch for the controller (else $FABRIC_CA, else those of the last login or of the system)", Recursive = true };

    private static readonly Option<OutputFormat> Output = new("--output", "-o")
    {
        Description = "table, json or yaml",
        HelpName = "table|json|yaml",
        Recursive = true,
        CustomParser = ParseOutput,
    };

    /// <summary>The tree.</summary>
    public static RootCommand Build(CtlHost host)
    {
        var root = new RootCommand("The command line of Fabric: says what network you want, and shows what became of it.")
        {
            LoginCommand.Build(host),
            ApplyCommand.Build(host),
            GetCommand.Build(host),
            DescribeCommand.Build(host),
            DeleteCommand.Build(host),
            PlanCommand.Build(host),
            EvpnCommand.Build(host),
            BgpCommand.Build(host),
            StatusCommand.Build(host),
            LogCommands.Audit(host),
            LogCommands.Revisions(host),
            LogCommands.Restore(host),
            LogCommands.Watch(host),
            TokenCommand.Build(host),
            SoftGateCommand.Build(host),
            CloudStackCommand.Build(host),
        };
        root.Options.Add(Server);
        root.Options.Add(TokenFile);
        root.Options.Add(Ca);
        root.Options.Add(Output);
        return root;
    }

    /// <summary>Gives a command its work.</summary>
    public static Command With(this Command command, CtlHost host, Func<ParseResult, Session, CancellationToken, Task<int>> work)
    {
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var api = new ApiClient(Connect(parsed, host));
            return await work(parsed, new Session(host, api, Printer(parsed, host)), cancellationToken);
        });
        return command;
    }

    /// <summary>The connection that a command line asks for.</summary>
    public static Connection Connect(ParseResult parsed, CtlHost host) =>
        Connection.Resolve(host, parsed.GetValue(Server), parsed.GetValue(TokenFile), parsed.GetValue(Ca));

    private static OutputFormat ParseOutput(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        foreach (var format in Enum.GetValues<OutputFormat>())
        {
            if (format.ToString().Equals(text, StringComparison.OrdinalIgnoreCase))
            {
                return format;
            }
        }

        result.AddError($"'{text}' is no form of output; there are table, json and yaml");
        return default;
    }

    /// <summary>The printer that a command line asks for.</summary>
    public static Printer Printer(ParseResult parsed, CtlHost host) => new(host, parsed.GetValue(Output));
}
