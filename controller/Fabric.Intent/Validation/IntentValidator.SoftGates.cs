using Fabric.Intent.Changes;
using Fabric.Intent.Resources;
using Fabric.Primitives;

namespace Fabric.Intent.Validation;

/// <content>Rules for SoftGates and for what they do: access lists, translation, load balancing, routes.</content>
public static partial class IntentValidator
{
    private const int MaxPoolAddresses = 256;
    private const int MaxSources = 1000;
    private const int MaxInterfaceName = 15;
    private const long LeastBandwidth = 1000;

    private static IEnumerable<(ChangeErrorKind Kind, string Pointer, string Message)> CheckPair(IntentSnapshot next, Resource resource, SoftGatePairSpec spec, SoftGatePairSpec? before)
    {
        if (before is not null && before.Site != spec.Site)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/site", "the site of a pair cannot change; delete it and make it anew");
        }

        if (spec.SoftGates.Count is 0 or > 2 || spec.SoftGates.Distinct(StringComparer.Ordinal).Count() != spec.SoftGates.Count)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/softGates", "a pair is one or two different SoftGates");
        }

        for (var i = 0; i < spec.SoftGates.Count; i++)
        {
            if (next.Find(ResourceKind.Device, spec.SoftGates[i]) is not { Spec: DeviceSpec device } found)
            {
                continue;
            }

            if (device.Role != DeviceRole.Softgate)
            {
                yield return (ChangeErrorKind.Invalid, $"/spec/softGates/{i}", $"{found.Key} is a {RoleName(device)}, not a softgate");
            }
            else if (device.Site != spec.Site)
            {
                yield return (ChangeErrorKind.Invalid, $"/spec/softGates/{i}", $"{found.Key} is in site '{device.Site}', the pair in '{spec.Site}'");
            }
        }

        if (next.ReferrersOf(new(ResourceKind.Site, spec.Site), ResourceKind.SoftGatePair).FirstOrDefault(p => p.Uid != resource.Uid) is { } other)
        {
            yield return (ChangeErrorKind.Conflict, "/spec/site", $"site '{spec.Site}' has {other.Key} already; a site has one pair");
        }

        var ports = new HashSet<(string, string, VlanId?)>();
        for (var i = 0; i < spec.Upstreams.Count; i++)
        {
            var pointer = $"/spec/upstreams/{i}";
            var upstream = spec.Upstreams[i];
            if (!spec.SoftGates.Contains(upstream.SoftGate))
            {
                yield return (ChangeErrorKind.Invalid, pointer + "/softGate", $"'{upstream.SoftGate}' is no SoftGate of the pair");
            }
            else if (next.Find(ResourceKind.Device, upstream.SoftGate)?.Spec is DeviceSpec device && device.Ports.All(p => p.Name != upstream.Port))
            {
                yield return (ChangeErrorKind.Invalid, pointer + "/port", $"Device '{upstream.SoftGate}' has no port {upstream.Port}");
            }
            else if (Topology.UnderlayPortsOf(next, upstream.SoftGate).Any(p => p.Port == upstream.Port))
            {
                yield return (ChangeErrorKind.Conflict, pointer + "/port", $"port {upstream.SoftGate}:{upstream.Port} carries the underlay; an upstream needs a port of its own");
            }

            if (!ports.Add((upstream.SoftGate, upstream.Port, upstream.Vlan)))
            {
                yield return (ChangeErrorKind.Invalid, pointer + "/port", $"port {upstream.SoftGate}:{upstream.Port} is listed twice with the same vlan");
            }

            if (upstream.Vlan is { } vlan && $"{upstream.Port}.{vlan}".Length > MaxInterfaceName)
            {
                yield return (ChangeErrorKind.Invalid, pointer + "/vlan", $"the VLAN's interface would be named {upstream.Port}.{vlan}, and names have at most {MaxInterfaceName} characters in Linux; rename the port");
            }

            if (upstream.Addresses.Count == 0)
            {
                yield return (ChangeErrorKind.Invalid, pointer + "/addresses", "an upstream link has at least one address");
            }

            for (var a = 0; a < upstream.Addresses.Count; a++)
            {
                if (upstream.Addresses[a].Address.IsLinkLocal)
                {
                    yield return (ChangeErrorKind.Invalid, $"{pointer}/addresses/{a}", $"{upstream.Addresses[a]} is link-local; give an address that the upstream router can be told of");
                }
            }

            for (var p = 0; p < upstream.Peers.Count; p++)
            {
                var peer = upstream.Peers[p];
                if (!upstream.Addresses.Any(a => a.Network.Contains(peer.Address) && a.Address != peer.Address))
                {
                    yield return (ChangeErrorKind.Invalid, $"{pointer}/peers/{p}/address", $"{peer.Address} is no other address in the subnets of the link");
                }
            }
        }
    }

    private static IEnumerable<(ChangeErrorKind Kind, string Pointer, string Message)> CheckAclList(AclListSpec spec)
    {
        if (spec.Rules.Count > AclListSpec.MaxRules)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/rules", $"a list has at most {AclListSpec.MaxRules} rules, this one {spec.Rules.Count}");
            yield break;
        }

        var numbers = new HashSet<int>();
        for (var i = 0; i < spec.Rules.Count; i++)
        {
            var rule = spec.Rules[i];
            var pointer = $"/spec/rules/{i}";
            if (rule.Number is < 1 or > 65535)
            {
                yield return (ChangeErrorKind.Invalid, pointer + "/number", "number must be 1..65535");
            }
            else if (!numbers.Add(rule.Number))
            {
                yield return (ChangeErrorKind.Invalid, pointer + "/number", $"rule {rule.Number} is there twice");
            }

            var protocol = AclRuleSpec.NumberOf(rule.Protocol);
            if (rule.Protocol is not null && protocol is null)
            {
                yield return (ChangeErrorKind.Invalid, pointer + "/protocol", $"'{rule.Protocol}' is no protocol: tcp, udp, icmp, icmpv6 or a number 0..255");
            }

            if (rule.Ports.Count > 0 && protocol is not (6 or 17 or 132))
            {
                yield return (ChangeErrorKind.Invalid, pointer + "/ports", "only rules for tcp, udp and sctp (132) have ports");
            }

            for (var p = 0; p < rule.Ports.Count; p++)
            {
                if (BadPorts(rule.Ports[p]) is { } bad)
                {
                    yield return (ChangeErrorKind.Invalid, $"{pointer}/ports/{p}", bad);
                }
            }

            if (rule.IcmpType is not null && protocol is not (1 or 58))
            {
                yield return (ChangeErrorKind.Invalid, pointer + "/icmpType", "only rules for icmp and icmpv6 have a type");
            }

            if (rule.IcmpCode is not null && rule.IcmpType is null)
            {
                yield return (ChangeErrorKind.Invalid, pointer + "/icmpCode", "a code needs a type");
            }

            if (rule.Sources.Count > 0 && rule.Destinations.Count > 0 && !rule.Sources.Any(s => rule.Destinations.Any(d => d.Family == s.Family)))
            {
                yield return (ChangeErrorKind.Invalid, pointer + "/destinations", "no packet has a source of one family and a destination of the other");
            }

            if (rule.Comment?.Length > 1024)
            {
                yield return (ChangeErrorKind.Invalid, pointer + "/comment", "a comment has at most 1024 characters");
            }
        }
    }

    private static IEnumerable<(ChangeErrorKind Kind, string Pointer, string Message)> CheckVpc(IntentSnapshot next, Resource resource, VpcSpec spec, VpcSpec? before)
    {
        if (spec.SessionQuota < 1)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/sessionQuota", "sessionQuota must be at least 1; leave it out for none");
        }

        if (spec.BandwidthLimit < LeastBandwidth)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/bandwidthLimit", $"bandwidthLimit is in bits a second, at least {LeastBandwidth}");
        }

        if (before is { System: true } && !spec.System)
        {
            foreach (var allocation in next.ReferrersOf(resource.Key, ResourceKind.IpamAllocation))
            {
                if (LosesPublic(next, ((IpamAllocationSpec)allocation.Spec).Prefix) is { } claim)
                {
                    yield return (ChangeErrorKind.InUse, "/spec/system", $"{claim.Owner} uses {claim.Prefix} of {allocation.Key}");
                }
            }
        }

        if (RuleOf(resource, spec) is { } rule && (before is null || RuleOf(resource, before) is null))
        {
            foreach (var vnet in next.ReferrersOf(resource.Key, ResourceKind.VNet))
            {
                if (IsOnLeaves(next, (VNetSpec)vnet.Spec))
                {
                    yield return (ChangeErrorKind.Invalid, rule.Pointer, OnlyOnSoftGates(rule.Words, vnet.Key, ((VNetSpec)vnet.Spec).Site));
                }
            }
        }
    }

    /// <summary>
    /// What of a V-Net or its VPC only SoftGates can hold to, and which a leaf must therefore not be left alone with; null: nothing. A deny that nobody
    /// carries out is worse than an error.
    /// </summary>
    private static (string Pointer, string Words)? RuleOf(IntentSnapshot next, VNetSpec vnet) =>
        vnet.IngressAccessList is { } ingress ? ("/spec/ingressAccessList", $"AclList '{ingress}', which is stateful,")
        : vnet.EgressAccessList is { } egress ? ("/spec/egressAccessList", $"AclList '{egress}', which is stateful,")
        : vnet.AwaitRules ? ("/spec/awaitRules", "awaitRules")
        : next.Find(ResourceKind.Vpc, vnet.Vpc) is { Spec: VpcSpec spec } vpc && RuleOf(vpc, spec) is { } rule ? ("/spec/gateways", rule.Words)
        : null;

    private static (string Pointer, string Words)? RuleOf(Resource vpc, VpcSpec spec) =>
        spec.AccessList is { } list ? ("/spec/accessList", $"AclList '{list}' of {vpc.Key}, which is stateful,")
        : spec.AntiSpoof ? ("/spec/antiSpoof", $"antiSpoof of {vpc.Key}")
        : null;

    /// <summary>Whether a V-Net has its gateway on leaves because its site has no SoftGates.</summary>
    private static bool IsOnLeaves(IntentSnapshot next, VNetSpec vnet) =>
        vnet.Gateways.Count > 0 && !vnet.Attachments.Any(static a => a.Hypervisors) && !next.ReferrersOf(new(ResourceKind.Site, vnet.Site), ResourceKind.SoftGatePair).Any();

    private static string OnlyOnSoftGates(string what, ResourceKey vnet, string site) =>
        $"{what} needs SoftGates; site '{site}' has no SoftGatePair, so that the gateway of {vnet} is on leaves";

    /// <summary>Why a pair cannot go: V-Nets whose rules only it can hold to would have their gateways on leaves.</summary>
    private static IEnumerable<(ChangeErrorKind Kind, string Pointer, string Message)> CheckPairDeletion(IntentSnapshot next, SoftGatePairSpec pair)
    {
        foreach (var vnet in next.ReferrersOf(new(ResourceKind.Site, pair.Site), ResourceKind.VNet))
        {
            if (IsOnLeaves(next, (VNetSpec)vnet.Spec) && RuleOf(next, (VNetSpec)vnet.Spec) is { } rule)
            {
                yield return (ChangeErrorKind.InUse, "", OnlyOnSoftGates(rule.Words, vnet.Key, pair.Site));
                yield break;
            }
        }
    }

    /// <summary>A claim on addresses of an allocation that no system VPC has any more; null: there is none.</summary>
    private static AddressClaim? LosesPublic(IntentSnapshot next, IpPrefix allocation) => next.ClaimsOverlapping(ClaimScope.Public, "", allocation)
        .Select(static c => (AddressClaim?)c).FirstOrDefault(c => NotPublic(next, c!.Value.Prefix) is not null);

    private static IEnumerable<(ChangeErrorKind Kind, string Pointer, string Message)> CheckVNetServices(IntentSnapshot next, Resource resource, VNetSpec spec)
    {
        if (spec.Mtu is < 1280 or > 9000)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/mtu", "mtu must be 1280..9000 octets");
        }

        if (IsOnLeaves(next, spec) && RuleOf(next, spec) is { } rule)
        {
            yield return (ChangeErrorKind.Invalid, rule.Pointer, OnlyOnSoftGates(rule.Words, resource.Key, spec.Site));
        }

        var known = new HashSet<IpAddr>();
        for (var i = 0; i < spec.KnownHosts.Count; i++)
        {
            var host = spec.KnownHosts[i];
            if (host.Mac.IsMulticast)
            {
                yield return (ChangeErrorKind.Invalid, $"/spec/knownHosts/{i}/mac", $"{host.Mac} is no address of one interface");
            }

            if (!known.Add(host.Address))
            {
                yield return (ChangeErrorKind.Invalid, $"/spec/knownHosts/{i}/address", $"{host.Address} is listed twice");
            }
            else if (spec.Gateways.Any(g => g.Address == host.Address))
            {
                yield return (ChangeErrorKind.Invalid, $"/spec/knownHosts/{i}/address", $"{host.Address} is the gateway");
            }
        }
    }

    private static IEnumerable<(ChangeErrorKind Kind, string Pointer, string Message)> CheckPublicAddress(IntentSnapshot next, Resource resource, PublicAddressSpec spec)
    {
        if (!spec.Routed && !spec.Prefix.IsHost)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/prefix", $"{spec.Prefix} is no single address; only what is routed may be a prefix");
        }

        if (spec.BandwidthLimit < LeastBandwidth)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/bandwidthLimit", $"bandwidthLimit is in bits a second, at least {LeastBandwidth}");
        }

        if (NotPublic(next, spec.Prefix) is { } error)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/prefix", error);
        }

        foreach (var claim in ForeignClaims(next, resource, ClaimScope.Public, "", spec.Prefix))
        {
            if (Conflict(claim, spec.Vpc, (_, theirs) => theirs is PublicAddressSpec ? "one PublicAddress says what holds of it" : spec.Routed ? "what is routed is not translated" : null) is { } conflict)
            {
                yield return (ChangeErrorKind.Conflict, "/spec/prefix", conflict);
            }
        }
    }

    private static IEnumerable<(ChangeErrorKind Kind, string Pointer, string Message)> CheckNatRule(IntentSnapshot next, Resource resource, NatRuleSpec spec)
    {
        var shape = NatShape(spec).ToList();
        if (shape.Count > 0)
        {
            foreach (var error in shape)
            {
                yield return error;
            }

            yield break;
        }

        if (!spec.Enabled)
        {
            yield break;
        }

        for (var i = 0; i < spec.Public.Count; i++)
        {
            if (NotPublic(next, IpPrefix.Host(spec.Public[i])) is { } error)
            {
                yield return (ChangeErrorKind.Invalid, $"/spec/public/{i}", error);
            }

            foreach (var claim in ForeignClaims(next, resource, ClaimScope.Public, "", IpPrefix.Host(spec.Public[i])))
            {
                if (Conflict(claim, spec.Vpc, (_, theirs) => Clash(spec, theirs)) is { } conflict)
                {
                    yield return (ChangeErrorKind.Conflict, $"/spec/public/{i}", conflict);
                }
            }
        }

        if (spec.PublicPrefix is { } outside)
        {
            if (NotPublic(next, outside) is { } error)
            {
                yield return (ChangeErrorKind.Invalid, "/spec/publicPrefix", error);
            }

            foreach (var claim in ForeignClaims(next, resource, ClaimScope.Public, "", outside))
            {
                if (Conflict(claim, spec.Vpc, static (_, theirs) => theirs is PublicAddressSpec { Routed: false } ? null : "a prefix stands for one prefix") is { } conflict)
                {
                    yield return (ChangeErrorKind.Conflict, "/spec/publicPrefix", conflict);
                }
            }
        }

        var inside = spec.Inside ?? (spec is { Type: NatType.Static, InsideAddress: { } host } ? IpPrefix.Host(host) : null);
        if (inside is { } mine)
        {
            foreach (var (claim, _) in ForeignClaims(next, resource, ClaimScope.Inside, spec.Vpc, mine).Where(c => c.Claim.Prefix == mine))
            {
                if (next.Find(claim.Owner)?.Spec is NatRuleSpec other && (other.Type == NatType.Static) == (spec.Type == NatType.Static))
                {
                    yield return (ChangeErrorKind.Conflict, spec.Inside is null ? "/spec/insideAddress" : "/spec/inside", $"{claim.Owner} translates {mine} already");
                }
            }
        }
    }

    /// <summary>What a rule of its type needs and what it does not take.</summary>
    private static IEnumerable<(ChangeErrorKind Kind, string Pointer, string Message)> NatShape(NatRuleSpec spec)
    {
        var type = System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(spec.Type.ToString());
        var (needsInside, needsHost, needsPrefix) = (spec.Type is NatType.Snat or NatType.Nptv6, spec.Type is NatType.Static or NatType.Dnat, spec.Type == NatType.Nptv6);
        foreach (var (pointer, given, wanted) in new[]
        {
            ("/spec/inside", spec.Inside is not null, needsInside), ("/spec/insideAddress", spec.InsideAddress is not null, needsHost),
            ("/spec/publicPrefix", spec.PublicPrefix is not null, needsPrefix), ("/spec/public", spec.Public.Count > 0, !needsPrefix),
        })
        {
            if (given != wanted)
            {
                yield return (ChangeErrorKind.Invalid, pointer, wanted ? $"{type} needs it" : $"{type} does not take it");
            }
        }

        foreach (var (pointer, given) in new[]
        {
            ("/spec/protocol", spec.Protocol is not null), ("/spec/ports", spec.Ports is not null), ("/spec/insidePort", spec.InsidePort is not null),
        })
        {
            if (given && spec.Type != NatType.Dnat)
            {
                yield return (ChangeErrorKind.Invalid, pointer, $"{type} does not take it");
            }
        }

        var most = spec.Type == NatType.Snat ? MaxPoolAddresses : 1;
        if (spec.Public.Count > most || spec.Public.Distinct().Count() != spec.Public.Count)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/public", $"{type} takes {(most == 1 ? "one public address" : $"up to {most} different public addresses")}");
        }

        var family = spec.Inside?.Family ?? spec.InsideAddress?.Family;
        if (spec.Public.Any(a => family is { } wanted && a.Family != wanted))
        {
            yield return (ChangeErrorKind.Invalid, "/spec/public", "inside and public addresses are of one family");
        }

        if (needsPrefix && spec is { Inside: { } inside, PublicPrefix: { } outside } && (inside.Family != IpFamily.V6 || outside.Family != IpFamily.V6 || inside.Length != outside.Length || inside.Length > 64))
        {
            yield return (ChangeErrorKind.Invalid, "/spec/publicPrefix", "nptv6 translates IPv6 prefixes of one length, 64 at most");
        }

        if (spec.BlocksPerHost is < 1 or > 32)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/blocksPerHost", "blocksPerHost must be 1..32");
        }

        var protocol = AclRuleSpec.NumberOf(spec.Protocol);
        if (spec.Protocol is not (null or "all") && protocol is null)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/protocol", $"'{spec.Protocol}' is no protocol: tcp, udp, icmp, all or a number 0..255");
        }

        if (spec.Ports is { } ports)
        {
            if (protocol is not (6 or 17))
            {
                yield return (ChangeErrorKind.Invalid, "/spec/ports", "only tcp and udp have ports");
            }

            if (BadPorts(ports) is { } bad)
            {
                yield return (ChangeErrorKind.Invalid, "/spec/ports", bad);
            }
            else if (spec.InsidePort is { } first && (first == 0 || first + ports.Count - 1 > 65535))
            {
                yield return (ChangeErrorKind.Invalid, "/spec/insidePort", $"inside ports {first} to {first + ports.Count - 1} are not inside 1..65535");
            }
        }
        else if (spec.InsidePort is not null)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/insidePort", "insidePort needs ports");
        }
    }

    private static IEnumerable<(ChangeErrorKind Kind, string Pointer, string Message)> CheckLoadBalancer(IntentSnapshot next, Resource resource, LoadBalancerSpec spec)
    {
        if (BadPorts(spec.Ports) is { } bad)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/ports", bad);
            yield break;
        }

        if (spec.Backends.Count > LoadBalancerSpec.MaxBackends)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/backends", $"a load balancer has at most {LoadBalancerSpec.MaxBackends} back ends");
        }

        if (spec.Sources.Count > MaxSources)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/sources", $"a load balancer has at most {MaxSources} sources");
        }

        var seen = new HashSet<(IpAddr, ushort?)>();
        for (var i = 0; i < spec.Backends.Count; i++)
        {
            var backend = spec.Backends[i];
            if (backend.Address.Family != spec.Address.Family)
            {
                yield return (ChangeErrorKind.Invalid, $"/spec/backends/{i}/address", "back ends are of the address's family");
            }

            if (backend.Port == 0)
            {
                yield return (ChangeErrorKind.Invalid, $"/spec/backends/{i}/port", "port must be 1..65535; leave it out for the one that the client uses");
            }

            if (backend.Weight is < 0 or > 256)
            {
                yield return (ChangeErrorKind.Invalid, $"/spec/backends/{i}/weight", "weight must be 0..256");
            }

            if (!seen.Add((backend.Address, backend.Port)))
            {
                yield return (ChangeErrorKind.Invalid, $"/spec/backends/{i}", $"back end {backend.Address} port {backend.Port} is listed twice");
            }
        }

        if (spec.HealthCheck is { } check)
        {
            if (check.IntervalSeconds is < 1 or > 3600)
            {
                yield return (ChangeErrorKind.Invalid, "/spec/healthCheck/intervalSeconds", "must be 1..3600 s");
            }

            if (check.TimeoutSeconds is < 1 or > 600)
            {
                yield return (ChangeErrorKind.Invalid, "/spec/healthCheck/timeoutSeconds", "must be 1..600 s");
            }

            if (check.Threshold is < 1 or > 10)
            {
                yield return (ChangeErrorKind.Invalid, "/spec/healthCheck/threshold", "must be 1..10");
            }

            if (check.Path.Length is 0 or > 1024 || check.Path[0] != '/' || !check.Path.All(static c => c is > ' ' and < '\x7f'))
            {
                yield return (ChangeErrorKind.Invalid, "/spec/healthCheck/path", "a path begins with a slash and has up to 1024 printable ASCII characters without blanks");
            }

            if (check.Type != HealthCheckType.None && spec.Protocol == ServiceProtocol.Udp && spec.Backends.Any(static b => b.Port is null))
            {
                yield return (ChangeErrorKind.Invalid, "/spec/healthCheck/type", "probes are TCP connections: back ends of udp need a port to be probed at");
            }
        }

        if (!spec.Enabled)
        {
            yield break;
        }

        if (!spec.Internal && NotPublic(next, IpPrefix.Host(spec.Address)) is { } error)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/address", error);
        }

        if (spec.Internal && GatewaySubnet(next, spec.Vpc, spec.Address) is not { } subnet)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/address", $"{spec.Address} is in no subnet of a gateway of VPC '{spec.Vpc}'");
        }

        foreach (var vnet in spec.Internal ? GatewaysAt(next, spec.Vpc, spec.Address) : [])
        {
            yield return (ChangeErrorKind.Conflict, "/spec/address", $"{spec.Address} is the gateway of {vnet.Key}");
        }

        foreach (var claim in ForeignClaims(next, resource, spec.Internal ? ClaimScope.Inside : ClaimScope.Public, spec.Internal ? spec.Vpc : "", IpPrefix.Host(spec.Address))
            .Where(c => !spec.Internal || c.Claim.Prefix.IsHost))
        {
            if (Conflict(claim, spec.Vpc, (_, theirs) => Clash(spec, theirs)) is { } conflict)
            {
                yield return (ChangeErrorKind.Conflict, "/spec/address", conflict);
            }
        }
    }

    private static IEnumerable<(ChangeErrorKind Kind, string Pointer, string Message)> CheckStaticRoute(IntentSnapshot next, Resource resource, StaticRouteSpec spec)
    {
        if (spec.Prefix.Family != spec.NextHop.Family)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/nextHop", "prefix and next hop are of one family");
        }
        else if (GatewaySubnet(next, spec.Vpc, spec.NextHop) is not { } subnet)
        {
            yield return (ChangeErrorKind.Invalid, "/spec/nextHop", $"{spec.NextHop} is in no subnet of a gateway of VPC '{spec.Vpc}'");
        }

        foreach (var (claim, _) in ForeignClaims(next, resource, ClaimScope.Route, spec.Vpc, spec.Prefix).Where(c => c.Claim.Prefix == spec.Prefix))
        {
            yield return (ChangeErrorKind.Conflict, "/spec/prefix", $"{claim.Owner} leads {spec.Prefix} elsewhere");
        }

        foreach (var gateway in next.GatewaysOverlapping(spec.Vpc, spec.Prefix, except: "").Where(g => g.Network == spec.Prefix))
        {
            yield return (ChangeErrorKind.Conflict, "/spec/prefix", $"{spec.Prefix} is the subnet of VNet '{gateway.VNet}'");
        }
    }

    /// <summary>Why two uses of one public address do not go together; null: they do.</summary>
    private static string? Clash(ResourceSpec mine, ResourceSpec theirs)
    {
        if (mine is PublicAddressSpec || theirs is PublicAddressSpec)
        {
            return (mine as PublicAddressSpec ?? (PublicAddressSpec)theirs).Routed ? "what is routed is not translated" : null;
        }

        if (mine is NatRuleSpec { Type: NatType.Static or NatType.Nptv6 } || theirs is NatRuleSpec { Type: NatType.Static or NatType.Nptv6 })
        {
            return "static translation uses the whole address";
        }

        if (Service(mine) is not { } a || Service(theirs) is not { } b)
        {
            return mine is NatRuleSpec { Type: NatType.Snat } && theirs is NatRuleSpec { Type: NatType.Snat } ? "a public address is in one pool" : null;
        }

        return a.Protocol is { } p && b.Protocol is { } q && (p != q || !a.Ports.Overlaps(b.Ports)) ? null : "the same protocol and port would lead to two places";

        static (byte? Protocol, PortRange Ports)? Service(ResourceSpec spec) => spec switch
        {
            NatRuleSpec { Type: NatType.Dnat } nat => (AclRuleSpec.NumberOf(nat.Protocol), nat.Ports ?? new PortRange(0, ushort.MaxValue)),
            LoadBalancerSpec balancer => (balancer.Protocol == ServiceProtocol.Tcp ? (byte)6 : (byte)17, balancer.Ports),
            _ => null,
        };
    }

    private static string? Conflict(
        (AddressClaim Claim, Resource Owner) other, string vpc, Func<AddressClaim, ResourceSpec, string?> clash) =>
        VpcOf(other.Owner.Spec) != vpc
            ? $"{other.Claim.Prefix} belongs to VPC '{VpcOf(other.Owner.Spec)}' ({other.Claim.Owner}); a public address belongs to one VPC"
            : clash(other.Claim, other.Owner.Spec) is { } reason ? $"{other.Claim.Prefix} is in use by {other.Claim.Owner}: {reason}" : null;

    private static string? VpcOf(ResourceSpec spec) => spec switch
    {
        NatRuleSpec nat => nat.Vpc,
        LoadBalancerSpec balancer => balancer.Vpc,
        PublicAddressSpec address => address.Vpc,
        StaticRouteSpec route => route.Vpc,
        _ => null,
    };

    private static IEnumerable<(AddressClaim Claim, Resource Owner)> ForeignClaims(IntentSnapshot next, Resource resource, ClaimScope scope, string vpc, IpPrefix prefix) =>
        next.ClaimsOverlapping(scope, vpc, prefix).Where(c => c.Owner != resource.Key).Select(c => (c, next.Find(c.Owner)!));

    private static string? NotPublic(IntentSnapshot next, IpPrefix prefix) =>
        next.SystemVpcs.SelectMany(v => next.ReferrersOf(new(ResourceKind.Vpc, v), ResourceKind.IpamAllocation)).Any(a => ((IpamAllocationSpec)a.Spec).Prefix.Contains(prefix))
            ? null
            : $"{prefix} is in no IpamAllocation of a system VPC; public addresses come from there";

    private static IpPrefix? GatewaySubnet(IntentSnapshot next, string vpc, IpAddr address) =>
        next.GatewaysOverlapping(vpc, IpPrefix.Host(address), except: "").Where(g => g.Network.Contains(address)).Select(static g => (IpPrefix?)g.Network).FirstOrDefault();

    /// <summary>V-Nets of a VPC whose gateway has this address.</summary>
    private static IEnumerable<Resource> GatewaysAt(IntentSnapshot next, string vpc, IpAddr address) =>
        next.GatewaysOverlapping(vpc, IpPrefix.Host(address), except: "").Select(g => next.Find(ResourceKind.VNet, g.VNet)!)
            .Where(v => ((VNetSpec)v.Spec).Gateways.Any(g => g.Address == address));

    private static string? BadPorts(PortRange ports) =>
        ports.First == 0 || ports.Last < ports.First ? $"{ports.First} to {ports.Last} is no range of ports inside 1..65535" : null;
}
