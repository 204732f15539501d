using Fabric.Primitives;
using Fabric.SoftGate.AccessLists;
using Fabric.SoftGate.Contracts;
using Fabric.SoftGate.Layout;
using FsCheck;
using FsCheck.Fluent;

namespace Fabric.SoftGate.Tests.AccessLists;

/// <summary>What a list judges: addresses, protocol, and destination port or ICMP type and code.</summary>
internal readonly record struct Flow(IpAddr Source, IpAddr Destination, byte Protocol, ushort Port);

/// <summary>Random lists and flows that often meet, and the meaning of a list written down as simply as can be.</summary>
internal static class AccessListCases
{
    private static readonly Gen<IpPrefix> Prefix =
        from v4 in Gen.Frequency((3, Gen.Constant(true)), (1, Gen.Constant(false)))
        from address in Address(v4)
        from length in v4 ? Gen.Elements(0, 1, 7, 8, 9, 15, 16, 23, 24, 25, 30, 31, 32) : Gen.Elements(0, 1, 16, 32, 48, 63, 64, 65, 95, 96, 97, 127, 128)
        select IpPrefix.Of(address, length);

    private static readonly Gen<ushort> Port =
        Gen.Elements<ushort>(0, 1, 2, 22, 79, 80, 81, 255, 256, 443, 1023, 1024, 2048, 32767, 32768, 65534, 65535);

    private static readonly Gen<SoftGatePorts> Ports =
        from a in Port
        from b in Port
        select new SoftGatePorts(Math.Min(a, b), Math.Max(a, b));

    private static readonly Gen<SoftGateAccessRule> Rule =
        from sources in Some(Prefix, 4)
        from destinations in Some(Prefix, 4)
        from protocol in Gen.Elements<byte?>(null, 0, 1, 6, 6, 17, 17, 47, 58, 132, 255)
        from ports in Some(Ports, 3)
        from permit in Gen.Elements(true, false)
        from log in Gen.Frequency((9, Gen.Constant(false)), (1, Gen.Constant(true)))
        from number in Gen.Choose(1, 60000)
        select new SoftGateAccessRule
        {
            Number = number,
            Permit = permit,
            Log = log,
            Sources = [.. sources],
            Destinations = [.. destinations],
            Protocol = protocol,
            Ports = protocol is 1 or 6 or 17 or 58 or 132 ? [.. ports] : [],
        };

    /// <summary>Lists of up to 150 rules, mostly short ones.</summary>
    internal static readonly Gen<SoftGateAccessList> List =
        from most in Gen.Frequency((6, Gen.Constant(6)), (3, Gen.Constant(25)), (1, Gen.Constant(150)))
        from rules in Some(Rule, most)
        from permit in Gen.Elements(true, false)
        select new SoftGateAccessList { Uid = 7, Name = "list", PermitByDefault = permit, Rules = [.. rules] };

    /// <summary>Flows.</summary>
    internal static readonly Gen<Flow[]> Flows =
        Gen.ArrayOf(
            from v4 in Gen.Frequency((3, Gen.Constant(true)), (1, Gen.Constant(false)))
            from source in Address(v4)
            from destination in Address(v4)
            from protocol in Gen.Elements<byte>(0, 1, 6, 17, 47, 50, 58, 132, 255)
            from port in Gen.Frequency((3, Port), (1, Gen.Choose(0, 65535).Select(p => (ushort)p)))
            select new Flow(source, destination, protocol, protocol is 1 or 6 or 17 or 58 or 132 ? port : (ushort)0),
            60);

    /// <summary>The rule that decides, counted from 1, or 0; and whether the flow may pass.</summary>
    internal static (int Rule, bool Permit, bool Log) Judge(SoftGateAccessList list, Flow flow)
    {
        for (var i = 0; i < list.Rules.Count; i++)
        {
            var rule = list.Rules[i];
            if (Matches(rule.Sources, flow.Source)
                && Matches(rule.Destinations, flow.Destination)
                && (rule.Protocol is null || rule.Protocol == flow.Protocol)
                && (rule.Ports.Count == 0 || rule.Ports.Any(p => p.First <= flow.Port && flow.Port <= p.Last)))
            {
                return (i + 1, rule.Permit, rule.Log);
            }
        }

        return (0, list.PermitByDefault, false);
    }

    internal static CompiledAccessList Compile(SoftGateAccessList list)
    {
        Assert.True(AccessListCompiler.TryCompile(list, out var compiled, out var refusal), refusal?.Detail);
        return compiled;
    }

    internal static AccessListRefusal Refuse(SoftGateAccessList list)
    {
        Assert.False(AccessListCompiler.TryCompile(list, out _, out var refusal));
        return refusal;
    }

    private static bool Matches(IReadOnlyList<IpPrefix> prefixes, IpAddr address) => prefixes.Count == 0 || prefixes.Any(p => p.Contains(address));

    private static Gen<IpAddr> Address(bool v4) =>
        from a in Gen.Elements(0, 1, 2, 127, 128, 255)
        from b in Gen.Elements(0, 1, 255)
        from c in Gen.Elements(0, 1, 2, 3, 255)
        from top in Gen.Frequency((4, Gen.Constant(10)), (1, Gen.Elements(11, 172, 192)))
        select v4
            ? IpAddr.V4(((uint)top << 24) | ((uint)a << 16) | ((uint)b << 8) | (uint)c)
            : IpAddr.V6(((UInt128)(0x2001_0000u + (uint)top) << 96) | ((UInt128)(uint)a << 64) | ((UInt128)(uint)b << 32) | (UInt128)(uint)c);

    private static Gen<T[]> Some<T>(Gen<T> what, int most) =>
        from count in Gen.Choose(0, most)
        from all in Gen.ArrayOf(what, count)
        select all;
}

/// <summary>Judges with the entries of the maps, in the way of <c>acl.h</c>.</summary>
internal sealed class AccessListMaps
{
    private const uint Version = 5, FirstCell = 1000, FirstCounter = 300;

    private readonly Acl _acl;
    private readonly uint[] _cells;
    private readonly Dictionary<(ushort Side, ushort Length, Address16 Address), uint> _addresses = [];
    private readonly Dictionary<(byte Protocol, byte Length, ushort Port), AclService> _services = [];

    internal AccessListMaps(CompiledAccessList list)
    {
        _acl = list.Value(FirstCell, FirstCounter);
        _cells = list.Cells;
        var (keys, classes) = list.AddressEntries(Version);
        foreach (var (key, value) in keys.Zip(classes))
        {
            Assert.Equal(Version, key.Version);
            _addresses.Add((key.Side, key.Length, key.Address), value.Class);
        }

        var (ports, services) = list.ServiceEntries(Version);
        foreach (var (key, value) in ports.Zip(services))
        {
            Assert.Equal(Version, key.Version);
            _services.Add((key.Protocol, key.Length, key.Port), value);
        }
    }

    internal uint Judge(Flow flow)
    {
        var v4 = flow.Source.IsV4;
        var source = Class(0, flow.Source, v4 ? [_acl.Sources4] : _acl.Sources6);
        var destination = Class(1, flow.Destination, v4 ? [_acl.Destinations4] : _acl.Destinations6);
        var service = 0u;
        if ((_acl.Protocols[flow.Protocol / 32] & (1u << (flow.Protocol % 32))) != 0)
        {
            var whole = _services[(flow.Protocol, 0, 0)];
            service = whole.Class;
            for (var length = 16; length > 0; length--)
            {
                if ((whole.Lengths & (1u << length)) != 0
                    && _services.TryGetValue((flow.Protocol, (byte)length, (ushort)(flow.Port & (0xffff << (16 - length)))), out var found))
                {
                    service = found.Class;
                    break;
                }
            }
        }

        var pair = _cells[_acl.Pairs - FirstCell + (source * _acl.DestinationClasses) + destination];
        return _cells[_acl.Verdicts - FirstCell + (pair * _acl.ServiceClasses) + service];
    }

    private uint Class(ushort side, IpAddr address, ReadOnlySpan<ulong> lengths)
    {
        for (var length = address.BitLength; length >= 0; length--)
        {
            if ((lengths[length / 64] & (1UL << (length % 64))) == 0)
            {
                continue;
            }

            var (masked, mapped) = Address16.Of(IpPrefix.Of(address, length));
            if (_addresses.TryGetValue((side, mapped, masked), out var found))
            {
                return found;
            }
        }

        return 0;
    }
}
