using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Fabric.Bgp;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Glass;
using Fabric.Bgp.Wire;
using Fabric.Controller.Contracts;
using Fabric.Controller.Http;
using Fabric.Controller.Json;
using Fabric.Controller.RouteReflector;
using Fabric.Primitives;

namespace Fabric.Controller.Glass;

/// <summary>Makes a speaker's terms of a request to inject. Every error is noted with its place.</summary>
internal static class InjectionReader
{
    private const int MostChanges = 10_000;

    /// <summary>What a request asks for.</summary>
    /// <param name="body">Its body.</param>
    /// <param name="reason">Why, where the body does not say.</param>
    /// <exception cref="ProblemException">Something is wrong with the request.</exception>
    public static InjectionOrder Read(JsonDocument body, string reason)
    {
        var request = Deserialize<BgpInjectionRequest>(body.RootElement);
        if (request.Changes.IsDefault || request.Changes.Length is 0 or > MostChanges)
        {
            throw new ProblemException(Problems.Invalid([new FieldError("/changes", $"must be a list of 1 to {MostChanges} changes")]));
        }

        var errors = new List<FieldError>();
        if (request.Reason is { } text && RequestReason.Fault(text) is { } fault)
        {
            errors.Add(new FieldError("/reason", fault));
        }

        var changes = ImmutableArray.CreateBuilder<InjectionChange>(request.Changes.Length);
        for (var i = 0; i < request.Changes.Length; i++)
        {
            var reader = new Change(request.Changes[i], $"/changes/{i}", errors);
            if (reader.Read() is { } change)
            {
                changes.Add(new InjectionChange(request.Changes[i], change));
            }
        }

        return errors.Count == 0
            ? new InjectionOrder(request.Reason ?? reason, body.RootElement.GetRawText(), changes.ToImmutable())
            : throw new ProblemException(Problems.Invalid([.. errors]));
    }

    /// <summary>A change that was kept.</summary>
    /// <param name="json">The change as JSON.</param>
    /// <exception cref="ProblemException">It is none that would be taken now.</exception>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static RouteInjection ReadKept(string json)
    {
        using var document = JsonDocument.Parse(json);
        var errors = new List<FieldError>();
        return new Change(Deserialize<BgpInjection>(document.RootElement), "", errors).Read() ?? throw new ProblemException(Problems.Invalid([.. errors]));
    }

    private static T Deserialize<T>(JsonElement body)
        where T : class
    {
        try
        {
            return body.Deserialize<T>(ApiJson.Options) ?? throw new ProblemException(Problems.Malformed("the body must be an object, not null"));
        }
        catch (JsonException e)
        {
            throw new ProblemException(Problems.Invalid([JsonFault.Of(e, "")]));
        }
        catch (InvalidOperationException e)
        {
            // What JsonElement throws for an escaped half of a surrogate pair.
            throw new ProblemException(Problems.Malformed($"the body has text that is not well-formed Unicode: {e.Message}"));
        }
    }

    private delegate bool Parser<T>(string text, out T value);

    /// <summary>One change.</summary>
    private readonly struct Change(BgpInjection? given, string root, List<FieldError> errors)
    {
        public RouteInjection? Read()
        {
            var before = errors.Count;
            if (given is null)
            {
                Fail("", "must not be null");
                return null;
            }

            if (given.Operation is not ("announce" or "withdraw"))
            {
                Fail("/operation", "must be announce or withdraw");
            }

            var withdraws = given.Operation == "withdraw";
            if (withdraws != given.Attributes is null)
            {
                Fail("/attributes", withdraws ? "a withdrawal has no attributes" : "is required to announce");
            }

            if (!FamilyName.TryParse(given.Family, out var family, out var error))
            {
                Fail("/family", error!);
                return null;
            }

            var nlri = ReadRoute(family);
            var attributes = given.Attributes is { } a ? ReadAttributes(a) : null;
            if (errors.Count > before)
            {
                return null;
            }

            var injection = new RouteInjection(family, nlri, attributes);
            if (injection.Fault() is { } fault)
            {
                Fail(given.Nlri is null ? "" : "/nlri", fault);
                return null;
            }

            return injection;
        }

        private Octets ReadRoute(AddressFamily family)
        {
            if (given!.Name is null == given.Nlri is null)
            {
                Fail("/name", "give name or nlri, one of them");
                return default;
            }

            if (given.Nlri is { } hex)
            {
                return ReadHex("/nlri", hex);
            }

            if (!RouteName.TryParse(family, given.Name!, out var nlri, out var error))
            {
                Fail("/name", error);
                return default;
            }

            return family == AddressFamily.L2VpnEvpn ? WithLabels(nlri) : nlri;
        }

        private Octets WithLabels(Octets nlri)
        {
            var type = nlri.Span[0];
            var value = nlri.Span[2..];
            var vni = given!.Vni is { } v ? ReadVni("/vni", v) : default;
            var esi = Parse<EthernetSegmentId>("/esi", given.Esi, EthernetSegmentId.TryParse!, "is no Ethernet segment identifier");
            Span<byte> room = stackalloc byte[2 + byte.MaxValue];
            var writer = new WireWriter(room);
            switch ((EvpnRouteType)type)
            {
                case EvpnRouteType.EthernetAutoDiscovery when EthernetAutoDiscoveryRoute.TryDecode(type, value, out var r, out _):
                    EvpnNlri.Encode<EthernetAutoDiscoveryRoute, EthernetAutoDiscoveryKey>(ref writer, r with { Label = vni });
                    break;
                case EvpnRouteType.MacIp when MacIpRoute.TryDecode(type, value, out var r, out _):
                    EvpnNlri.Encode<MacIpRoute, MacIpKey>(
                        ref writer, r with { Label1 = vni, Label2 = given.L3Vni is { } l3 ? ReadVni("/l3Vni", l3) : null, Esi = esi ?? default });
                    break;
                case EvpnRouteType.Prefix when PrefixRoute.TryDecode(type, value, out var r, out _):
                    var gateway = Parse<IpAddr>("/gatewayIp", given.GatewayIp, IpAddr.TryParse!, "is no address");
                    if (gateway is { } g && g.Family != r.Key.Prefix.Address.Family)
                    {
                        Fail("/gatewayIp", "is of the other IP version than the prefix");
                    }

                    EvpnNlri.Encode<PrefixRoute, PrefixKey>(ref writer, r with { Label = vni, Esi = esi ?? default, Gateway = gateway ?? default });
                    break;
                default:
                    return nlri;
            }

            return new Octets(writer.Written);
        }

        private PathAttributes ReadAttributes(BgpAttributes a)
        {
            const string At = "/attributes";
            var origin = a.Origin switch { null or "igp" => RouteOrigin.Igp, "egp" => RouteOrigin.Egp, "incomplete" => RouteOrigin.Incomplete, _ => (RouteOrigin?)null };
            if (origin is null)
            {
                Fail($"{At}/origin", "must be igp, egp or incomplete");
            }

            return new PathAttributes
            {
                Origin = origin ?? default,
                AsPath = Parse<AsPathText>($"{At}/asPath", a.AsPath, AsPathText.TryParse, "is written like 65001 65011 {1,2}")?.Path ?? AsPath.Empty,
                NextHop = Parse<IpAddr>($"{At}/nextHop", a.NextHop, IpAddr.TryParse!, "is no address"),
                Med = Number($"{At}/med", a.Med),
                LocalPref = Number($"{At}/localPreference", a.LocalPreference),
                AtomicAggregate = a.AtomicAggregate ?? false,
                Aggregator = a.Aggregator is { } g
                    ? new(Number($"{At}/aggregator/asn", g.Asn) ?? 0, Identifier($"{At}/aggregator/identifier", g.Identifier) ?? default) : null,
                Communities = List<uint>($"{At}/communities", a.Communities, static (string t, out uint c) => StandardCommunity.TryParse(t, out c), "is written like 65000:100"),
                ExtendedCommunities = List<ExtendedCommunity>(
                    $"{At}/extendedCommunities", a.ExtendedCommunities, ExtendedCommunityText.TryParse, "is written like rt:65000:100, encap:vxlan, router-mac:02:00:00:00:00:01, mac-mobility:3 or 0x and 16 hex digits"),
                LargeCommunities = List<LargeCommunity>($"{At}/largeCommunities", a.LargeCommunities, TryLarge, "is written like 65000:1:2"),
                OriginatorId = Identifier($"{At}/originatorId", a.OriginatorId),
                ClusterList = [.. List<IpAddr>($"{At}/clusterList", a.ClusterList, TryIdentifier, "is written like 10.0.0.1")],
                PmsiTunnel = a.PmsiTunnel is { } t ? Tunnel($"{At}/pmsiTunnel", t) : null,
                Unknown = a.Unknown is { } unknown ? Unknown($"{At}/unknown", unknown) : [],
            };
        }

        private PmsiTunnel Tunnel(string place, BgpTunnel t)
        {
            if (t.Type is < 0 or > 255 || t.Flags is < 0 or > 255 || t.Label is < 0 or > 0xff_ffff)
            {
                Fail(place, "type and flags are 0..255, label is 0..16777215");
            }

            return new((byte)t.Flags, (byte)t.Type, new EvpnLabel((uint)t.Label & 0xff_ffff), ReadHex($"{place}/identifier", t.Identifier));
        }

        private ImmutableArray<UnknownAttribute> Unknown(string place, ImmutableArray<BgpUnknownAttribute> given)
        {
            var attributes = ImmutableArray.CreateBuilder<UnknownAttribute>();
            for (var i = 0; i < given.Length; i++)
            {
                if (given[i] is not { Code: >= 1 and <= 255, Flags: >= 0x80 and <= 0xef } u || (u.Flags & 0x1f) != 0
                    || attributes.Any(a => a.Code == u.Code))
                {
                    Fail($"{place}/{i}", "must have a code, once, and flags that say optional (128), transitive (64), partial (32)");
                    continue;
                }

                attributes.Add(new((AttributeFlags)u.Flags, (byte)u.Code, ReadHex($"{place}/{i}/value", u.Value)));
            }

            return [.. attributes.OrderBy(static a => a.Code)];
        }

        private ImmutableArray<T> List<T>(string place, ImmutableArray<string>? texts, Parser<T> parse, string wrong)
        {
            var values = ImmutableArray.CreateBuilder<T>();
            foreach (var (text, i) in (texts ?? []).Select(static (t, i) => (t, i)))
            {
                if (text is not null && parse(text, out var value))
                {
                    values.Add(value);
                }
                else
                {
                    Fail($"{place}/{i}", wrong);
                }
            }

            return values.ToImmutable();
        }

        private T? Parse<T>(string place, string? text, Parser<T> parse, string wrong)
            where T : struct
        {
            if (text is null)
            {
                return null;
            }

            if (parse(text, out var value))
            {
                return value;
            }

            Fail(place, wrong);
            return null;
        }

        private IpAddr? Identifier(string place, string? text) => Parse<IpAddr>(place, text, TryIdentifier, "is written like 10.0.0.1");

        private uint? Number(string place, long? number)
        {
            if (number is < 0 or > uint.MaxValue)
            {
                Fail(place, $"must be 0..{uint.MaxValue}");
            }

            return (uint?)(number & uint.MaxValue);
        }

        private EvpnLabel ReadVni(string place, long number)
        {
            if (number is < 1 or > Vni.MaxValue)
            {
                Fail(place, $"must be 1..{Vni.MaxValue}");
                return default;
            }

            return new EvpnLabel((uint)number);
        }

        private Octets ReadHex(string place, string hex)
        {
            try
            {
                return new Octets(Convert.FromHexString(hex));
            }
            catch (FormatException)
            {
                Fail(place, "must be octets in hex, two digits each");
                return default;
            }
        }

        private void Fail(string place, string message) => errors.Add(new FieldError(root + place, message));

        private static bool TryIdentifier(string text, out IpAddr value) => IpAddr.TryParse(text, out value) && value.IsV4;

        private static bool TryLarge(string text, out LargeCommunity community)
        {
            community = default;
            if (text.Split(':') is not [var a, var b, var c] || !TryNumber(a, out var x) || !TryNumber(b, out var y) || !TryNumber(c, out var z))
            {
                return false;
            }

            community = new(x, y, z);
            return true;
        }

        private static bool TryNumber(string text, out uint number) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}
