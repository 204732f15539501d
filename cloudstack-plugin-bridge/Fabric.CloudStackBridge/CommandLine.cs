using System.CommandLine;
using Fabric.CloudStackBridge.Extension;
using Fabric.CloudStackBridge.Security;
using Fabric.CloudStackBridge.Store;
using Fabric.Hosting;
using Fabric.Sqlite;

namespace Fabric.CloudStackBridge;

/// <summary>The command line of <c>fabric-cloudstack-bridge</c>.</summary>
public static class CommandLine
{
    /// <summary>Exit code for options that make no sense.</summary>
    public const int BadUsage = 2;

    private const string Program = "fabric-cloudstack-bridge";

    /// <summary>Parses the arguments and runs; errors in one line each on standard error.</summary>
    /// <param name="arguments">The arguments.</param>
    /// <param name="run">What to do with valid options.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> InvokeAsync(string[] arguments, Func<BridgeOptions, Task<int>> run)
    {
        var dataDirectory = new Option<string>("--data-dir") { Description = "directory of accounts, access rules and certificates", Required = true, Recursive = true };
        var controller = new Option<string?>("--controller") { Description = "the controller, such as https://127.0.0.1:8443" };
        var tokenFile = new Option<string?>("--token-file") { Description = "file with an API token of role operator" };
        var ca = new Option<string?>("--ca") { Description = "certificate authority of the controller (PEM)" };
        var listen = new Option<string>("--listen") { Description = "address and port; port 0: any free one", DefaultValueFactory = _ => "127.0.0.1:8444" };
        var names = new Option<string[]>("--name") { Description = "name or address under which CloudStack reaches the bridge; may be repeated", DefaultValueFactory = _ => [] };
        var certificate = new Option<string?>("--tls-cert") { Description = "certificate chain (PEM) in place of a generated one" };
        var key = new Option<string?>("--tls-key") { Description = "private key of that certificate (PEM)" };
        var format = new Option<string>("--log-format") { Description = "text or json", DefaultValueFactory = _ => "text" };
        var root = new RootCommand("Answers CloudStack's netris plugin and puts what it asks for into the Fabric controller.")
        {
            dataDirectory, controller, tokenFile, ca, listen, names, certificate, key, format, Accounts(dataDirectory), Tokens(dataDirectory),
        };
        root.SetAction(async (parsed, _) =>
        {
            var (address, token, formatText) = (parsed.GetValue(controller), parsed.GetValue(tokenFile), parsed.GetValue(format));
            if (address is null || token is null || !Uri.TryCreate(address, UriKind.Absolute, out var uri))
            {
                return Refuse("give --controller with an address such as https://127.0.0.1:8443, and --token-file");
            }

            if (ListenAddress.Parse(parsed.GetValue(listen)!) is not { } endPoint)
            {
                return Refuse($"--listen {parsed.GetValue(listen)}: give an IP address and a port, such as 127.0.0.1:8444 or [::1]:8444");
            }

            if (formatText is not ("text" or "json"))
            {
                return Refuse($"--log-format {formatText}: give text or json");
            }

            var options = new BridgeOptions
            {
                DataDirectory = parsed.GetValue(dataDirectory)!,
                Controller = uri,
                TokenFile = token,
                CaFile = parsed.GetValue(ca),
                Listen = endPoint,
                Names = parsed.GetValue(names)!,
                TlsCertificate = parsed.GetValue(certificate),
                TlsKey = parsed.GetValue(key),
                LogFormat = formatText == "json" ? LogFormat.Json : LogFormat.Text,
            };
            var faults = options.Faults().ToArray();
            return faults.Length > 0 ? Refuse(faults) : await run(options);
        });
        var result = root.Parse(arguments);
        return result.Errors.Count > 0
            ? Refuse([.. result.Errors.Select(e => e.Message)])
            : await result.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false });
    }

    private static Command Accounts(Option<string> dataDirectory)
    {
        var name = new Argument<string>("name") { Description = "login name" };
        var role = new Option<string>("--role") { Description = "operator (reads and writes) or viewer (reads)", DefaultValueFactory = _ => "operator" };
        var passwordFile = new Option<string?>("--password-file") { Description = "file whose first line is the password; else it is read from standard input" };
        var set = new Command("set", "Makes an account, or sets password and role of the one there is; its sessions end.") { name, role, passwordFile };
        set.SetAction(async (parsed, stop) =>
        {
            var (who, what) = (parsed.GetValue(name)!, parsed.GetValue(role)!);
            if (what is not ("operator" or "viewer") || who.Length is 0 or > 256)
            {
                return Refuse("a name has 1 to 256 characters, a role is operator or viewer");
            }

            string? password;
            try
            {
                using var from = parsed.GetValue(passwordFile) is { } file ? new StreamReader(file) : Console.In;
                password = await from.ReadLineAsync(stop);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return Refuse($"--password-file: {e.Message}");
            }

            return password?.Length is >= PasswordHash.Shortest and <= PasswordHash.Longest
                ? With(parsed.GetValue(dataDirectory)!, d => new AccountStore(d).Set(who, what, PasswordHash.Create(password)))
                : Refuse($"a password has {PasswordHash.Shortest} to {PasswordHash.Longest} characters");
        });
        var remove = new Command("remove", "Removes an account; its sessions end.") { name };
        remove.SetAction(parsed => With(parsed.GetValue(dataDirectory)!, d =>
        {
            if (!new AccountStore(d).Remove(parsed.GetValue(name)!))
            {
                Console.Error.WriteLine($"{Program}: there was no such account");
            }
        }));
        var list = new Command("list", "Lists the accounts.");
        list.SetAction(parsed => With(parsed.GetValue(dataDirectory)!, d =>
        {
            foreach (var account in new AccountStore(d).List())
            {
                Console.Out.WriteLine($"{account.Name}\t{account.Role}");
            }
        }));
        return new Command("account", "Manages who may log in.") { set, remove, list };
    }

    private static Command Tokens(Option<string> dataDirectory)
    {
        var name = new Argument<string>("name") { Description = "name of the CloudStack installation; what its extension makes belongs to this name" };
        var guests = new Option<bool>("--guests") { Description = "a token by which hypervisors ask what guests are served, in place of the extension's" };
        var set = new Command("set", "Makes a token and prints it; the one that the name had before is void, what it has made stays.") { name, guests };
        set.SetAction(parsed =>
        {
            if (ExtensionToken.Fault(parsed.GetValue(name)!) is { } fault)
            {
                return Refuse(fault);
            }

            var token = ExtensionToken.Create();
            var code = With(parsed.GetValue(dataDirectory)!, d => new ExtensionStore(d).SetToken(parsed.GetValue(name)!, Use(parsed.GetValue(guests)), ExtensionToken.Hash(token)));
            if (code == 0)
            {
                Console.Out.WriteLine(token);
            }

            return code;
        });
        var remove = new Command("remove", "Makes a token void; what was made with it stays.") { name, guests };
        remove.SetAction(parsed => With(parsed.GetValue(dataDirectory)!, d =>
        {
            if (!new ExtensionStore(d).RemoveToken(parsed.GetValue(name)!, Use(parsed.GetValue(guests))))
            {
                Console.Error.WriteLine($"{Program}: there was no such token");
            }
        }));
        var list = new Command("list", "Lists the names that have tokens.");
        list.SetAction(parsed => With(parsed.GetValue(dataDirectory)!, d =>
        {
            foreach (var (owner, use) in new ExtensionStore(d).Tokens())
            {
                Console.Out.WriteLine($"{owner}\t{use}");
            }
        }));
        return new Command("extension-token", "Manages the tokens of CloudStack's extension.") { set, remove, list };

        static string Use(bool guests) => guests ? ExtensionToken.Guests : ExtensionToken.Extension;
    }

    private static int With(string dataDirectory, Action<BridgeDatabase> action)
    {
        try
        {
            using var database = BridgeDatabase.Open(Path.Combine(dataDirectory, "bridge.db"), TimeProvider.System);
            action(database);
            return 0;
        }
        catch (Exception e) when (e is StoreException or IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"{Program}: {e.Message}");
            return 1;
        }
    }

    private static int Refuse(params string[] faults)
    {
        foreach (var fault in faults)
        {
            Console.Error.WriteLine($"{Program}: {fault}");
        }

        return BadUsage;
    }
}
