using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace Fabric.Ctl.Settings;

/// <summary>Which controller, and by what we are known there.</summary>
/// <param name="Server">Address of the API: <c>https://host:port</c>; <c>http://127.0.0.1:port</c> for a route reflector on this machine.</param>
/// <param name="Token">API token; null for a route reflector that asks for none.</param>
/// <param name="CertificateAuthority">Certificates in PEM of those who may vouch for the server; null: those the system trusts.</param>
public sealed record Connection(Uri Server, string? Token, string? CertificateAuthority)
{
    /// <summary>What <c>login</c> has kept, if anything.</summary>
    /// <exception cref="CtlException">The file is there and cannot be used.</exception>
    public static Connection? Load(CtlHost host)
    {
        var file = FileName(host);
        try
        {
            return JsonSerializer.Deserialize<Connection>(File.ReadAllText(file), JsonSerializerOptions.Web);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new CtlException(ExitCodes.NoAccess, $"cannot use {file}: {e.Message}");
        }
    }

    /// <summary>Keeps this for later runs, readable by its owner only; the file is there whole or not at all.</summary>
    public string Save(CtlHost host)
    {
        var file = FileName(host);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            var fresh = file + ".new";
            File.Delete(fresh);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using (var stream = new FileStream(fresh, options))
            {
                JsonSerializer.Serialize(stream, this, JsonSerializerOptions.Web);
            }

            File.Move(fresh, file, overwrite: true);
            return file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CtlException(ExitCodes.Refused, $"cannot write {file}: {e.Message}");
        }
    }

    /// <summary>The connection to use: options before environment before what <c>login</c> has kept. What was kept for one server is
    /// not sent to another.</summary>
    /// <exception cref="CtlException">Something is missing or cannot be read.</exception>
    public static Connection Resolve(CtlHost host, string? server, string? tokenFile, string? caFile)
    {
        server ??= Given(host, "FABRIC_SERVER");
        tokenFile ??= Given(host, "FABRIC_TOKEN_FILE");
        caFile ??= Given(host, "FABRIC_CA");
        var kept = server is null || tokenFile is null ? Load(host) : null;
        var address = server is null ? kept?.Server : ParseServer(server);
        if (address is null)
        {
            throw new CtlException(ExitCodes.NoAccess, "no controller is known: run 'fabricctl login --server URL --token-file FILE [--ca FILE]' or set FABRIC_SERVER, FABRIC_TOKEN_FILE and FABRIC_CA");
        }

        var same = kept is not null && kept.Server == address;
        var token = tokenFile is not null ? ReadToken(tokenFile) : same ? kept!.Token : null;
        if (token is null && address.Scheme == Uri.UriSchemeHttps)
        {
            throw new CtlException(ExitCodes.NoAccess, $"no token is known for {address}: give --token-file, set FABRIC_TOKEN_FILE, or run 'fabricctl login'");
        }

        return new Connection(address, token, caFile is not null ? ReadPem(caFile) : same ? kept!.CertificateAuthority : null);
    }

    private static string? Given(CtlHost host, string variable) => host.Environment(variable) is { Length: > 0 } value ? value : null;

    private static Uri ParseServer(string text)
    {
        if (Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : "https://" + text, UriKind.Absolute, out var uri)
            && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback)) && uri.AbsolutePath == "/" && uri.Query.Length == 0 && uri.UserInfo.Length == 0)
        {
            return uri;
        }

        throw new CtlException(ExitCodes.Usage, $"'{text}' is not the address of a controller; it looks like https://host:8443, or http://127.0.0.1:8179 for a route reflector on this machine");
    }

    private static string ReadToken(string file)
    {
        var token = ReadFile(file, "token").Trim();
        return token.Length > 0 && token.All(c => c is > ' ' and < '\x7f')
            ? token
            : throw new CtlException(ExitCodes.NoAccess, $"token file {file} does not hold one line with a token");
    }

    private static string ReadPem(string file)
    {
        var pem = ReadFile(file, "CA");
        try
        {
            var certificates = new X509Certificate2Collection();
            certificates.ImportFromPem(pem);
            return certificates.Count > 0 ? pem : throw new CtlException(ExitCodes.NoAccess, $"CA file {file} holds no certificate in PEM form");
        }
        catch (CryptographicException e)
        {
            throw new CtlException(ExitCodes.NoAccess, $"CA file {file} cannot be used: {e.Message}");
        }
    }

    private static string ReadFile(string file, string what)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CtlException(ExitCodes.NoAccess, $"cannot read {what} file {file}: {e.Message}");
        }
    }

    private static string FileName(CtlHost host)
    {
        var directory = Given(host, "XDG_CONFIG_HOME")
            ?? (Given(host, "HOME") is { } home ? Path.Combine(home, ".config") : throw new CtlException(ExitCodes.NoAccess, "neither XDG_CONFIG_HOME nor HOME is set"));
        return Path.Combine(directory, "fabricctl", "config.json");
    }
}
