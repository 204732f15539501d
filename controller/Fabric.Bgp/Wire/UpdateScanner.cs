using Fabric.Bgp.Attributes;
using Fabric.Primitives;

namespace Fabric.Bgp.Wire;

/// <summary>
/// Takes an UPDATE apart: attributes as an object, routes as octets, of which only well-formed ones are left. A problem in a part is
/// weighed by its class; the strongest wins (RFC 7606).
/// </summary>
internal ref struct UpdateScanner
{
    private const int NextHopRoom = 17;

    private readonly SessionContext _context;
    private readonly AttributeMemo? _memo;
    private List<UpdateProblem>? _problems;
    private IpAddr? _mpNextHop;
    private ulong _seen0;
    private ulong _seen1;
    private ulong _seen2;
    private ulong _seen3;

    private UpdateScanner(SessionContext context, AttributeMemo? memo)
    {
        _context = context;
        _memo = memo;
    }

    /// <summary>Whether MP_REACH_NLRI is there, for a family that was negotiated.</summary>
    public bool HasReach { get; private set; }

    /// <summary>The family of <see cref="Reach"/>.</summary>
    public AddressFamily ReachFamily { get; private set; }

    /// <summary>Well-formed routes announced by MP_REACH_NLRI.</summary>
    public ReadOnlySpan<byte> Reach { get; private set; }

    /// <summary>The family of <see cref="Unreach"/>.</summary>
    public AddressFamily UnreachFamily { get; private set; }

    /// <summary>Well-formed routes withdrawn by MP_UNREACH_NLRI.</summary>
    public ReadOnlySpan<byte> Unreach { get; private set; }

    /// <summary>IPv4 prefixes of the message's own withdrawn field.</summary>
    public ReadOnlySpan<byte> Ipv4Withdrawn { get; private set; }

    /// <summary>IPv4 prefixes of the message's own NLRI field.</summary>
    public ReadOnlySpan<byte> Ipv4Announced { get; private set; }

    /// <summary>Attributes of <see cref="Reach"/>, or of <see cref="Ipv4Announced"/> without it; null when nothing is announced.</summary>
    public PathAttributes? Attributes { get; private set; }

    /// <summary>The NEXT_HOP attribute, where <see cref="Ipv4Announced"/> is not empty.</summary>
    public IpAddr? Ipv4NextHop { get; private set; }

    public AddressFamily? EndOfRib { get; private set; }

    public ErrorAction Action { get; private set; }

    public AddressFamily? BrokenFamily { get; private set; }

    public NotificationMessage? Reset { get; private set; }

    public readonly IReadOnlyList<UpdateProblem> Problems => _problems ?? (IReadOnlyList<UpdateProblem>)[];

    /// <summary>Scans a body, without the header. Never throws.</summary>
    public static UpdateScanner Scan(ReadOnlySpan<byte> body, SessionContext context, AttributeMemo? memo = null)
    {
        var scanner = new UpdateScanner(context, memo);
        scanner.Run(body);
        return scanner;
    }

    /// <summary>Whether routes of a family carry path identifiers.</summary>
    public readonly bool HasPathIds(AddressFamily family) => !_context.AddPathReceive.IsEmpty && _context.AddPathReceive.Contains(family);

    private void Run(ReadOnlySpan<byte> body)
    {
        var reader = new WireReader(body);
        var withdrawn = reader.Take(reader.U16());
        var field = reader.Take(reader.U16());
        var announced = reader.TakeRest();
        if (reader.Failed)
        {
            Fatal(BgpError.MalformedAttributeList, "lengths do not fit the message");
            return;
        }

        Ipv4Withdrawn = Ipv4Field(withdrawn);
        Ipv4Announced = Ipv4Field(announced);
        if (Action == ErrorAction.ResetSession)
        {
            return;
        }

        // The next hop and every attribute but MP_REACH_NLRI and MP_UNREACH_NLRI, as octets: what makes the attributes.
        var length = NextHopRoom + field.Length;
        var key = new WireWriter(_memo is null ? new byte[length] : _memo.Room(length));
        key.Reserve(NextHopRoom).Clear();
        var count = Split(field, ref key, out var hasUnreach);
        if (Action == ErrorAction.ResetSession)
        {
            return;
        }

        if (EndOfRib is not null && (count != 1 || !hasUnreach || Action != ErrorAction.None || !withdrawn.IsEmpty || !announced.IsEmpty))
        {
            EndOfRib = null;
        }

        if (body.Length == 4)
        {
            EndOfRib = AddressFamily.Ipv4Unicast;
        }

        if (HasReach || !announced.IsEmpty || count > (hasUnreach ? 1 : 0))
        {
            ReadAttributes(key, announced.IsEmpty);
        }
    }

    /// <summary>Takes MP_REACH_NLRI and MP_UNREACH_NLRI and leaves all other attributes in the key. Returns how many attributes there are.</summary>
    private int Split(ReadOnlySpan<byte> field, ref WireWriter key, out bool hasUnreach)
    {
        hasUnreach = false;
        var reader = new WireReader(field);
        var count = 0;
        while (!reader.AtEnd)
        {
            var whole = field[^reader.Remaining..];
            var flags = (AttributeFlags)reader.U8();
            var code = reader.U8();
            int length = flags.HasFlag(AttributeFlags.ExtendedLength) ? reader.U16() : reader.U8();
            var value = reader.Take(length);
            if (reader.Failed)
            {
                Problem(ErrorAction.TreatAsWithdraw, $"attribute {code} runs beyond the attribute field");
                return count;
            }

            count++;
            var fresh = MarkSeen(code);
            if (code is not (AttributeTable.MpReachCode or AttributeTable.MpUnreachCode))
            {
                if (fresh)
                {
                    key.Bytes(whole[..^reader.Remaining]);
                }
                else
                {
                    Problem(ErrorAction.DiscardAttribute, $"attribute {code} is there twice");
                }

                continue;
            }

            if (!fresh)
            {
                Fatal(BgpError.MalformedAttributeList, $"attribute {code} is there twice");
                return count;
            }

            if ((flags & (AttributeFlags.Optional | AttributeFlags.Transitive)) != AttributeFlags.Optional)
            {
                Problem(ErrorAction.TreatAsWithdraw, $"attribute {code} has wrong flags");
            }

            if (code == AttributeTable.MpReachCode)
            {
                ReadReach(value);
            }
            else
            {
                hasUnreach = true;
                ReadUnreach(value);
            }

            if (Action == ErrorAction.ResetSession)
            {
                return count;
            }
        }

        return count;
    }

    private void ReadAttributes(WireWriter key, bool noIpv4Routes)
    {
        // The next hop is part of what makes the attributes: | octets 1 | next hop 16 |.
        if (_mpNextHop is { } mpNextHop)
        {
            var at = key.Position;
            key.Rewind(0);
            key.U8((byte)mpNextHop.ByteLength);
            key.Ip(mpNextHop);
            key.Rewind(at);
        }

        if (Action == ErrorAction.None && noIpv4Routes && _memo?.Find(key.Written) is { } same)
        {
            Attributes = same;
            return;
        }

        var draft = new AttributeDraft();
        var reader = new WireReader(key.Written[NextHopRoom..]);
        while (!reader.AtEnd && Action != ErrorAction.ResetSession)
        {
            var flags = (AttributeFlags)reader.U8();
            var code = reader.U8();
            int length = flags.HasFlag(AttributeFlags.ExtendedLength) ? reader.U16() : reader.U8();
            var value = reader.Sub(length);
            ReadAttribute(flags, code, ref value, draft);
        }

        if (Action == ErrorAction.ResetSession || (!HasReach && noIpv4Routes))
        {
            return;
        }

        if (Action < ErrorAction.TreatAsWithdraw
            && (draft.Origin is null || draft.AsPath is null || (!noIpv4Routes && draft.NextHop is null)))
        {
            Problem(ErrorAction.TreatAsWithdraw, "a mandatory attribute is missing");
        }

        // Without IPv4 routes in their own field, NEXT_HOP says nothing (RFC 4760 section 3); memberships are no way for packets (RFC 4684).
        CheckNextHop(noIpv4Routes ? null : draft.NextHop);
        CheckNextHop(ReachFamily == AddressFamily.RouteTargetMembership ? null : _mpNextHop);

        Attributes = draft.Build(HasReach ? _mpNextHop : draft.NextHop, _context.FourOctetAs);
        Ipv4NextHop = noIpv4Routes ? null : draft.NextHop;
        if (Action == ErrorAction.None && noIpv4Routes)
        {
            _memo?.Keep(key.Written, Attributes);
        }
    }

    private void ReadAttribute(AttributeFlags flags, byte code, ref WireReader value, AttributeDraft draft)
    {
        if (AttributeTable.Find(code) is not { } row)
        {
            if (!flags.HasFlag(AttributeFlags.Optional))
            {
                Fatal(BgpError.UnrecognizedWellKnown, $"attribute {code} claims to be well-known");
            }
            else
            {
                (draft.Unknown ??= []).Add(new(flags & ~AttributeFlags.ExtendedLength, code, new Octets(value.TakeRest())));
            }

            return;
        }

        if (row.InternalOnly && !_context.IsInternal)
        {
            return;
        }

        if ((flags & (AttributeFlags.Optional | AttributeFlags.Transitive)) != row.Flags)
        {
            Problem(ErrorAction.TreatAsWithdraw, $"{row.Name} has wrong flags");
            return;
        }

        row.Decode(ref value, draft, _context);
        if (value.Failed || !value.AtEnd)
        {
            Problem(row.OnError, $"{row.Name}: {value.Error ?? "octets left over"}");
        }
    }

    /// <summary>RFC 4760 section 3: | AFI 2 | SAFI 1 | next hop length 1 | next hop | reserved 1 | NLRI |.</summary>
    private void ReadReach(ReadOnlySpan<byte> field)
    {
        var value = new WireReader(field);
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

        HasReach = true;
        ReachFamily = family;
        if (!NlriWalker.Knows(family))
        {
            Reach = routes;
            return;
        }

        // 32 octets: a global and a link-local IPv6 address (RFC 2545 section 3).
        _mpNextHop = nextHop.Length switch { 4 or 16 => IpAddr.FromBytes(nextHop), 32 => IpAddr.FromBytes(nextHop[..16]), _ => null };
        if (_mpNextHop is null)
        {
            Disable(family, $"next hop of {nextHop.Length} octets");
        }

        Reach = WellFormed(family, routes, "MP_REACH_NLRI");
    }

    /// <summary>RFC 4760 section 4: | AFI 2 | SAFI 1 | withdrawn routes |.</summary>
    private void ReadUnreach(ReadOnlySpan<byte> field)
    {
        var value = new WireReader(field);
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

        if (routes.IsEmpty)
        {
            EndOfRib = family;
            return;
        }

        UnreachFamily = family;
        Unreach = !NlriWalker.Knows(family) ? routes : WellFormed(family, routes, "MP_UNREACH_NLRI");
    }

    /// <summary>The field itself, or a copy without the routes that are broken.</summary>
    private ReadOnlySpan<byte> WellFormed(AddressFamily family, ReadOnlySpan<byte> field, string name)
    {
        var walker = new NlriWalker(family, field, HasPathIds(family));
        List<byte>? good = null;
        var from = field.Length;
        while (walker.Next(out _, out _, out var fault))
        {
            var whole = field[^from..^walker.RestLength];
            from = walker.RestLength;
            if (fault is not null)
            {
                good ??= [.. field[..^(from + whole.Length)]];
                Problem(ErrorAction.DiscardAttribute, $"EVPN route: {fault}");
            }
            else
            {
                good?.AddRange(whole);
            }
        }

        if (walker.Broken)
        {
            Disable(family, $"malformed {family} routes in {name}");
            return good is null ? field[..^from] : good.ToArray();
        }

        return good is null ? field : good.ToArray();
    }

    private ReadOnlySpan<byte> Ipv4Field(ReadOnlySpan<byte> field)
    {
        var walker = new NlriWalker(AddressFamily.Ipv4Unicast, field, HasPathIds(AddressFamily.Ipv4Unicast));
        while (walker.Next(out _, out _, out _))
        {
        }

        if (walker.Broken)
        {
            Fatal(BgpError.InvalidNetwork, "malformed IPv4 prefix");
            return default;
        }

        return field;
    }

    /// <summary>RFC 4271 section 6.3. The route is ignored, not the session reset; whoever passed it on would have his reset by others.</summary>
    private void CheckNextHop(IpAddr? nextHop)
    {
        if (nextHop is { } address && MartianNextHop.Fault(address, _context.OnLoopback) is { } fault)
        {
            Problem(ErrorAction.TreatAsWithdraw, fault);
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
        Action = action > Action ? action : Action;
    }

    private void Disable(AddressFamily family, string text)
    {
        Problem(ErrorAction.DisableFamily, text);
        BrokenFamily = family;
    }

    private void Fatal(byte subcode, string text)
    {
        Problem(ErrorAction.ResetSession, text);
        Reset ??= new(BgpError.Update, subcode);
    }
}
