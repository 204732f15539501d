using System.Text.Json;
using System.Text.Json.Nodes;
using Fabric.CloudStackBridge.Http;
using Fabric.CloudStackBridge.Intent;
using Fabric.Primitives;

namespace Fabric.CloudStackBridge.Extension;

/// <summary>One command of CloudStack, parsed as far as each has in common.</summary>
/// <param name="Command">Its name.</param>
/// <param name="Key">The routing domain that it is about.</param>
/// <param name="Network">The network; null: it is about a VPC as a whole.</param>
/// <param name="Site">Site of the registration; null: the only one.</param>
/// <param name="Tenant">Tenant of the registration; null: the only one.</param>
/// <param name="Payload">What CloudStack says; all scalars are texts.</param>
public sealed record Call(string Command, DomainKey Key, int? Network, string? Site, string? Tenant, Fields Payload)
{
    /// <summary>Reads a call.</summary>
    /// <param name="cloud">Name of the installation.</param>
    /// <param name="command">Name of the command.</param>
    /// <param name="body">What the extension has sent.</param>
    /// <exception cref="NetrisException">It lacks what each command has.</exception>
    public static Call Of(string cloud, string command, Fields body)
    {
        var payload = body.Object("payload") ?? throw NetrisException.Field("payload", "is missing");
        var zone = payload.Number("zone_id", 1, int.MaxValue) ?? throw NetrisException.Field("zone_id", "is missing");
        var network = payload.Number("network_id", 1, int.MaxValue);
        var vpc = payload.Number("vpc_id", 1, int.MaxValue);
        var id = vpc ?? network ?? throw NetrisException.Field("network_id", "is missing, and so is vpc_id");
        return new(command, new DomainKey(cloud, zone, vpc is not null, id), network, Named(body, "site"), Named(body, "tenant"), payload);
    }

    /// <summary>The network of a command that is about one.</summary>
    public int NetworkId => Network ?? throw NetrisException.Field("network_id", "is missing");

    /// <summary>Whether CloudStack uses the network, or is about to.</summary>
    public bool IsLive => Payload.Text("network_state")?.ToLowerInvariant() is "implemented" or "implementing" or "setup";

    /// <summary>An address; null: absent or empty.</summary>
    public IpAddr? AddressOrNone(string member) => Address(Payload, member);

    /// <summary>An address that must be there.</summary>
    public IpAddr Address(string member) => AddressOrNone(member) ?? throw NetrisException.Field(member, "is missing");

    /// <summary>A MAC address that must be there.</summary>
    public MacAddress Mac(string member = "mac") => Mac(Payload, member);

    /// <summary>The address of a gateway with the length of its subnet; null: one of both is absent.</summary>
    public IpInterface? Subnet(string gateway, string cidr)
    {
        if (AddressOrNone(gateway) is not { } address || Prefix(Payload, cidr) is not { } network)
        {
            return null;
        }

        return network.Contains(address) ? Interface(address, network.Length) : throw NetrisException.Field(gateway, $"{address} is outside {network}");
    }

    /// <summary>The public address that comes with a command; null: none does.</summary>
    public PublicAddress? PublicAddress()
    {
        if (AddressOrNone("public_ip") is not { } ip)
        {
            return null;
        }

        // Older drafts kept the host's bits; only the length counts.
        var range = Prefix(Payload, "public_cidr") is { } cidr && cidr.Family == ip.Family ? IpPrefix.Of(ip, cidr.Length) : default(IpPrefix?);
        return new PublicAddress(ip, range, Payload.Flag("source_nat") == true);
    }

    /// <summary>The VNI of <c>vlan</c>; null: CloudStack has none, so that the controller chooses.</summary>
    public Vni? Vni()
    {
        var text = Payload.Text("vlan");
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        var number = text[(text.LastIndexOf('/') + 1)..];
        return Primitives.Vni.TryParse(number, out var vni)
            ? vni
            : throw NetrisException.Field("vlan", $"'{Lookup.Short(text)}' is no VNI: the guest network must be on a physical network with isolation method VXLAN");
    }

    /// <summary>A list or an object, which earlier drafts of the protocol sent as text or as Base64 of it. Null: absent.</summary>
    public JsonElement? Structure(string member) => Structure(Payload, member);

    /// <summary>A list that must be there.</summary>
    public IReadOnlyList<Fields> Items(string member) => Items(Structure(member) ?? throw NetrisException.Field(member, "is missing"), member);

    /// <inheritdoc cref="Structure(string)"/>
    public static JsonElement? Structure(Fields fields, string member)
    {
        if (fields.Raw(member) is not { } value)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.String)
        {
            return value;
        }

        // Nothing of what is wrong may be quoted: it may be a password.
        var text = fields.Text(member, int.MaxValue)!.Trim();
        return text.Length == 0 ? null : Parse(text) ?? (Decode(text) is { } decoded ? Parse(decoded) : null) ?? throw NetrisException.Field(member, "must be a list or an object");
    }

    /// <summary>The objects of a list.</summary>
    public static IReadOnlyList<Fields> Items(JsonElement list, string member) => list.ValueKind == JsonValueKind.Array
        ? [.. list.EnumerateArray().Select(i => i.ValueKind == JsonValueKind.Object ? new Fields(i) : throw NetrisException.Field(member, "must be a list of objects"))]
        : throw NetrisException.Field(member, "must be a list");

    /// <summary>An address; null: absent or empty.</summary>
    public static IpAddr? Address(Fields fields, string member)
    {
        var text = fields.Text(member);
        return string.IsNullOrWhiteSpace(text) ? null
            : IpAddr.TryParse(text.Trim(), out var address) ? address : throw NetrisException.Field(member, $"'{Lookup.Short(text)}' is no address");
    }

    /// <summary>A MAC address that must be there.</summary>
    public static MacAddress Mac(Fields fields, string member)
    {
        var text = fields.Text(member);
        return MacAddress.TryParse(text, out var mac) && !mac.IsMulticast && mac != default
            ? mac
            : throw NetrisException.Field(member, string.IsNullOrEmpty(text) ? "is missing" : $"'{Lookup.Short(text)}' is no MAC address of one interface");
    }

    /// <summary>A prefix, whose host bits do not count; null: absent or empty.</summary>
    public static IpPrefix? Prefix(Fields fields, string member)
    {
        var text = fields.Text(member);
        return string.IsNullOrWhiteSpace(text) ? null
            : Lookup.ParsePrefix(text.Trim()) ?? throw NetrisException.Field(member, $"'{Lookup.Short(text)}' is no prefix such as 10.1.1.0/24");
    }

    /// <summary>An address with the length of its subnet.</summary>
    public static IpInterface Interface(IpAddr address, int length) =>
        IpInterface.TryCreate(address, length, out var made, out var error) ? made : throw NetrisException.Field("cidr", error);

    private static string? Named(Fields body, string member) => body.Text(member, 512) is { Length: > 0 } name ? name : null;

    private static JsonElement? Parse(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 16 });
            return document.RootElement.ValueKind is JsonValueKind.Array or JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Decode(string text)
    {
        try
        {
            return System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(text));
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
