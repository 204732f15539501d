using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fabric.NetworkExtension;

/// <summary>What an operator gives with <c>registerExtension</c>.</summary>
/// <param name="Url">Where the bridge listens.</param>
/// <param name="Token">The bridge's extension token; never shown.</param>
/// <param name="Authority">Certificate authority of the bridge, PEM; null: those that the server trusts.</param>
/// <param name="Site">Site of the fabric that this physical network is; null: the only one.</param>
/// <param name="Tenant">Tenant that owns what is made; null: the bridge's default.</param>
internal sealed record RegisteredDetails(Uri Url, string Token, string? Authority, string? Site, string? Tenant)
{
    /// <summary>Reads the details.</summary>
    /// <exception cref="ExtensionException">One is missing or wrong.</exception>
    internal static RegisteredDetails Of(JsonObject details)
    {
        var url = Text(details, "url") ?? throw Missing("url", "https://bridge.example.net:8444");
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttps || uri.UserInfo.Length > 0)
        {
            throw new ExtensionException("the detail url must be an https:// address without a user");
        }

        var token = Text(details, "token") ?? throw Missing("token", "what 'fabric-cloudstack-bridge extension-token' printed");
        if (!token.All(static c => c is > ' ' and < '\x7f'))
        {
            throw new ExtensionException("the detail token holds characters that no token has");
        }

        // The API keeps a detail on one line; line ends arrive as the two characters \n.
        var authority = Text(details, "ca")?.Replace("\\n", "\n", StringComparison.Ordinal);
        if (authority is not null && !authority.Contains("-----BEGIN CERTIFICATE-----", StringComparison.Ordinal))
        {
            authority = ReadFile(authority);
        }

        return new(uri, token, authority, Text(details, "site"), Text(details, "tenant"));
    }

    /// <inheritdoc/>
    public override string ToString() => Url.ToString();

    private static string? Text(JsonObject details, string name) =>
        details[name] is JsonValue value && value.GetValueKind() == JsonValueKind.String && value.GetValue<string>().Trim() is { Length: > 0 } text ? text : null;

    private static string ReadFile(string path)
    {
        if (!File.Exists(path))
        {
            throw new ExtensionException("the detail ca is neither a PEM certificate nor a file on this management server");
        }

        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ExtensionException($"the file that the detail ca names cannot be read: {e.Message}");
        }
    }

    private static ExtensionException Missing(string name, string example) =>
        new($"the extension is registered without the detail {name} ({example}); updateRegisteredExtension adds it");
}
