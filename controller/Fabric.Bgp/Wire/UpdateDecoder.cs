using System.Collections.Immutable;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Primitives;

namespace Fabric.Bgp.Wire;

/// <summary>Reads UPDATE bodies. A problem in a part is weighed by its class; the strongest wins.</summary>
internal ref struct UpdateDecoder
{
    private readonly SessionContext _context;
    private readonly AttributeDraft _draft = new();
    private readonly EvpnRouteSet _announced = new();
    private readonly EvpnRouteSet _withdrawn = new();
    private List<UpdateProblem>? _problems;
    private ErrorAction _action;
    private NotificationMessage? _reset;
    private AddressFamily? _broken;
    private AddressFamily? _endOfRib;
    private IpAddr? _mpNextHop;
    private OpaqueRoutes? _otherAnnounced;
    private OpaqueRoutes? _otherWithdrawn;
    private bool _hasReach;
    private bool _hasUnreach;
    private ulong _seen0;
    private ulong _seen1;
    private ulong _seen2;
    private ulong _seen3;

    private UpdateDecoder(SessionContext context) => _context = context;

    public static UpdateMessage Decode(ReadOnlySpan<byte> body, SessionContext context)
    {
        var decoder = new UpdateDecoder(context);
        return decoder.Run(body);
    }

    private UpdateMessage Run(ReadOnlySpan<byte> body)
    {
        var reader = new WireReader(body);
        var withdrawn = reader.Take(reader.U16());
        var attributes = reader.Take(reader.U16());
        var announced = reader.TakeRest();
        if (reader.Failed)
        {
            Fatal(BgpError.MalformedAttributeList, "lengths do not fit the message");
            return Result(default, default);
        }

        if (!IsPrefixRow(withdrawn) || !IsPrefixRow(announced))
        {
            Fatal(BgpError.InvalidNetwork, "malformed IPv4 prefix");
            return Result(default, default);
        }

        ReadAttributes(attributes);
        var announces = _hasReach || !announced.IsEmpty;
        if (announces && _action < ErrorAction.TreatAsWithdraw)
        {
            if (_draft.Origin is null || _draft.AsPath is null || (!announced.IsEmpty && _draft.NextHop is null))
            {
                Problem(ErrorAction.TreatAsWithdraw, "a mandatory attribute is missing");
            }
        }

        if (body.Length == 4)
        {
            _endOfRib = AddressFamily.Ipv4Unicast;
        }
        else if (!withdrawn.IsEmpty || !announced.IsEmpty)
        {
            _endOfRib = null;
        }

        return Result(withdrawn, announced);
    }

    private void ReadAttributes(ReadOnlySpan<byte> field)
    {
        var reader = new WireReader(field);
        var count = 0;
        while (!reader.AtEnd && _action != ErrorAction.ResetSession)
        {
            var flags = (AttributeFlags)reader.U8();
            var code = reader.U8();
            int length = flags.HasFlag(AttributeFlags.ExtendedLength) ? reader.U16() : reader.U8();
            var value = reader.Sub(length);
            if (reader.Failed)
            {
                Problem(ErrorAction.TreatAsWithdraw, $"attribute {code} runs beyond the attribute field");
                return;
            }

            count++;
            if (!MarkSeen(code))
            {
                if (code is AttributeTable.MpReachCode or AttributeTable.MpUnreachCode)
                {
                    Fatal(BgpError.MalformedAttributeList, $"attribute {code} is there twice");
                    return;
                }

                Problem(ErrorAction.DiscardAttribute, $"attribute {code} is there twice");
                continue;
            }

            ReadAttribute(flags, code, ref value);
        }

        if (count != 1 || !_hasUnreach)
        {
            _endOfRib = null;
        }
    }

    private void ReadAttribute(AttributeFlags flags, byte code, ref WireReader value)
    {
        var kind = flags & (AttributeFlags.Optional | AttributeFlags.Transitive);
        if (code is AttributeTable.MpReachCode or AttributeTable.MpUnreachCode)
        {
            if (kind != AttributeFlags.Optional)
            {
                Problem(ErrorAction.TreatAsWithdraw, $"attribute {code} has wrong flags");
            }

            if (code == AttributeTable.MpReachCode)
            {
                ReadReach(ref value);
            }
            else
            {
                ReadUnreach(ref value);
            }

            return;
        }

        if (AttributeTable.Find(code) is not { } row)
        {
            if (!flags.HasFlag(AttributeFlags.Optional))
            {
                Fatal(BgpError.UnrecognizedWellKnown, $"attribute {code} claims to be well-known");
            }
            else
            {
                (_draft.Unknown ??= []).Add(new(flags & ~AttributeFlags.ExtendedLength, code, new Octets(value.TakeRest())));
            }

            return;
        }

        if (row.InternalOnly && !_context.IsInternal)
        {
            return;
        }

        if (kind != row.Flags)
        {
            Problem(ErrorAction.TreatAsWithdraw, $"{row.Name} has wrong flags");
            return;
        }

        row.Decode(ref value, _draft, _context);
        if (value.Failed || !value.AtEnd)
        {
            Problem(row.OnError, $"{row.Name}: {value.Error ?? "octets left over"}");
        }
    }

    /// <summary>RFC 4760 section 3: | AFI 2 | SAFI 1 | next hop length 1 | next hop | reserved 1 | NLRI |.</summary>
    private void ReadReach(ref WireReader value)
    {
        var family = new AddressFamily(value.U16(), value.U8());
        var nextHop = value.Take(value.U8());
        value.U8();
        var routes = value.TakeRest();
        if (value.Failed)
        {
            Fatal(BgpError.OptionalAttribute, "MP_REACH_NLRI too short");
            return;
        }

        if (!_context.Families.Contains(family))
        {
            Problem(ErrorAction.DiscardAttribute, $"MP_REACH_NLRI of {family}, which was not negotiated");
            return;
        }

        _hasReach = true;
        if (family != AddressFamily.L2VpnEvpn)
        {
            _otherAnnounced = new(family, new Octets(nextHop), new Octets(routes));
            return;
        }

        // 32 octets: a global and a link-local IPv6 address (RFC 2545 section 3).
        _mpNextHop = nextHop.Length switch { 4 or 16 => IpAddr.FromBytes(nextHop), 32 => IpAddr.FromBytes(nextHop[..16]), _ => null };
        if (_mpNextHop is null)
        {
            Disable(family, $"next hop of {nextHop.Length} octets");
        }

        ReadEvpn(family, routes, _announced);
    }

    /// <summary>RFC 4760 section 4: | AFI 2 | SAFI 1 | withdrawn routes |.</summary>
    private void ReadUnreach(ref WireReader value)
    {
        var family = new AddressFamily(value.U16(), value.U8());
        var routes = value.TakeRest();
        if (value.Failed)
        {
            Fatal(BgpError.OptionalAttribute, "MP_UNREACH_NLRI too short");
            return;
        }

        if (!_context.Families.Contains(family))
        {
            Problem(ErrorAction.DiscardAttribute, $"MP_UNREACH_NLRI of {family}, which was not negotiated");
            return;
        }

        _hasUnreach = true;
        if (routes.IsEmpty)
        {
            _endOfRib = family;
        }
        else if (family == AddressFamily.L2VpnEvpn)
        {
            ReadEvpn(family, routes, _withdrawn);
        }
        else
        {
            _otherWithdrawn = new(family, default, new Octets(routes));
        }
    }

    private void ReadEvpn(AddressFamily family, ReadOnlySpan<byte> routes, EvpnRouteSet into)
    {
        var problems = new List<string>(0);
        if (!EvpnNlri.TryDecode(routes, into, problems))
        {
            Disable(family, "malformed EVPN NLRI field");
        }

        foreach (var text in problems)
        {
            Problem(ErrorAction.DiscardAttribute, text);
        }
    }

    private bool MarkSeen(byte code)
    {
        switch (code >> 6)
        {
            case 0: return Mark(ref _seen0, code);
            case 1: return Mark(ref _seen1, code);
            case 2: return Mark(ref _seen2, code);
            default: return Mark(ref _seen3, code);
        }

        static bool Mark(ref ulong word, byte code)
        {
            var bit = 1UL << (code & 63);
            var fresh = (word & bit) == 0;
            word |= bit;
            return fresh;
        }
    }

    private void Problem(ErrorAction action, string text)
    {
        (_problems ??= []).Add(new(action, text));
        _action = action > _action ? action : _action;
    }

    private void Disable(AddressFamily family, string text)
    {
        Problem(ErrorAction.DisableFamily, text);
        _broken = family;
    }

    private void Fatal(byte subcode, string text)
    {
        Problem(ErrorAction.ResetSession, text);
        _reset ??= new(BgpError.Update, subcode);
    }

    private readonly UpdateMessage Result(ReadOnlySpan<byte> withdrawn, ReadOnlySpan<byte> announced) => new()
    {
        Attributes = _hasReach || !announced.IsEmpty ? _draft.Build(_hasReach ? _mpNextHop : _draft.NextHop, _context.FourOctetAs) : null,
        EvpnAnnounced = _announced,
        EvpnWithdrawn = _withdrawn,
        Ipv4Withdrawn = new Octets(withdrawn),
        Ipv4Announced = new Octets(announced),
        Ipv4NextHop = announced.IsEmpty ? null : _draft.NextHop,
        OtherAnnounced = _otherAnnounced,
        OtherWithdrawn = _otherWithdrawn,
        EndOfRib = _action == ErrorAction.None ? _endOfRib : null,
        Action = _action,
        BrokenFamily = _broken,
        Reset = _reset,
        Problems = _problems is null ? [] : [.. _problems],
    };

    /// <summary>Whether the field is a row of | length 1 (0..32 bits) | prefix |.</summary>
    private static bool IsPrefixRow(ReadOnlySpan<byte> field)
    {
        var reader = new WireReader(field);
        while (!reader.AtEnd)
        {
            int bits = reader.U8();
            if (bits > 32)
            {
                return false;
            }

            reader.Take((bits + 7) / 8);
        }

        return !reader.Failed;
    }
}
