using Fabric.Bgp.Evpn;
using Fabric.Primitives;

namespace Fabric.Bgp.Vtep;

/// <summary>Where a MAC is: mobility and duplicates, RFC 7432 section 15.</summary>
public sealed partial class VtepState
{
    private void OnMacLearnt(VtepEvent.MacLearnt e, DateTimeOffset now)
    {
        if (!_bridges.TryGetValue(e.Vni, out var bridge))
        {
            Ignore($"MAC {e.Mac} was learnt in VNI {e.Vni}, which is not here");
            return;
        }

        var state = Get(bridge.Macs, e.Mac);
        _touchedMacs.Add((bridge, e.Mac));
        if (state.Local is { Injected: true })
        {
            return;
        }

        var known = state.Local;
        if (known is null)
        {
            state.Local = new() { Esi = e.Esi, Sticky = e.Sticky, Injected = false, DefaultGateway = false, Sequence = 0 };
        }
        else
        {
            (known.Esi, known.Sticky) = (e.Esi, e.Sticky);
        }

        if (state.Frozen)
        {
            state.SeenWhileFrozen = true;
            return;
        }

        Claim(bridge, e.Mac, state, isNew: known is null, now);
    }

    /// <summary>A MAC was seen here: it takes a sequence number that wins, unless it is here already, on the same segment, or must not move.</summary>
    private void Claim(L2Instance bridge, MacAddress mac, MacState state, bool isNew, DateTimeOffset now)
    {
        var local = state.Local!;
        if (state.Remote.Min is not { } best)
        {
            return;
        }

        if (!local.Esi.IsZero && local.Esi == best.Route.Esi)
        {
            local.Sequence = Math.Max(local.Sequence, best.Sequence);
            return;
        }

        if (local.Sticky || best.Sticky || !(isNew || !LocalWins(bridge, local, best)))
        {
            return;
        }

        local.Sequence = best.Sequence == uint.MaxValue ? best.Sequence : best.Sequence + 1;
        _actions.Add(new VtepAction.MacMoved(bridge.Config.Vni, mac, null, local.Sequence));
        CountMove(bridge, mac, state, now);
    }

    private void OnMacInjected(VtepEvent.MacInjected e)
    {
        if (!_bridges.TryGetValue(e.Vni, out var bridge))
        {
            Ignore($"MAC {e.Mac} was injected in VNI {e.Vni}, which is not here");
            return;
        }

        var state = Get(bridge.Macs, e.Mac);
        var local = state.Local ??= new() { Esi = default, Sticky = false, Injected = true, DefaultGateway = false, Sequence = 0 };
        (local.Injected, local.Sequence, local.Sticky, local.DefaultGateway) = (true, e.Sequence, e.Sticky, e.DefaultGateway);
        Thaw(bridge, e.Mac, state);
        _touchedMacs.Add((bridge, e.Mac));
    }

    private void OnMacGone(VtepEvent.MacGone e)
    {
        if (!_bridges.TryGetValue(e.Vni, out var bridge) || !bridge.Macs.TryGetValue(e.Mac, out var state) || state.Local is not { } local)
        {
            return;
        }

        foreach (var ip in local.Addresses.Keys)
        {
            bridge.Neighbors[ip].Local = null;
            _touchedNeighbors.Add((bridge, ip));
        }

        Withdraw(bridge, e.Mac, local);
        state.Local = null;
        _touchedMacs.Add((bridge, e.Mac));
    }

    private void OnDuplicateCleared(Vni vni, MacAddress mac, DateTimeOffset now)
    {
        if (!_bridges.TryGetValue(vni, out var bridge) || !bridge.Macs.TryGetValue(mac, out var state) || !state.Frozen)
        {
            return;
        }

        var seen = state.SeenWhileFrozen;
        Thaw(bridge, mac, state);
        if (seen && state.Local is { Injected: false })
        {
            Claim(bridge, mac, state, isNew: false, now);
        }

        _touchedMacs.Add((bridge, mac));
    }

    private void Thaw(L2Instance bridge, MacAddress mac, MacState state)
    {
        if (state.Frozen)
        {
            _actions.Add(new VtepAction.DuplicateEnded(bridge.Config.Vni, mac));
        }

        (state.Frozen, state.RetryAt, state.SeenWhileFrozen, state.Moves) = (false, null, false, null);
    }

    private void CountMove(L2Instance bridge, MacAddress mac, MacState state, DateTimeOffset now)
    {
        var moves = state.Moves ??= new();
        while (moves.TryPeek(out var first) && now - first > _config.MoveWindow)
        {
            moves.Dequeue();
        }

        moves.Enqueue(now);
        if (moves.Count < _config.DuplicateMoves)
        {
            return;
        }

        state.Frozen = true;
        state.Moves = null;
        state.RetryAt = _config.DuplicateRetry is { } retry ? now + retry : null;
        if (state.RetryAt is { } at)
        {
            _deadlines.Enqueue(new(bridge.Config.Vni, mac, default), at);
        }

        _actions.Add(new VtepAction.DuplicateDetected(bridge.Config.Vni, mac, state.RetryAt));
    }

    private void SettleMac(L2Instance bridge, MacAddress mac, DateTimeOffset now, bool remoteSaid)
    {
        if (!bridge.Macs.TryGetValue(mac, out var state))
        {
            return;
        }

        var before = bridge.View.MacTable.GetValueOrDefault(mac);
        var (local, best) = (state.Local, state.Remote.Min);
        if (local is { Injected: false } && best is not null && !local.Esi.IsZero && local.Esi == best.Route.Esi)
        {
            local.Sequence = Math.Max(local.Sequence, best.Sequence);
        }

        // A move away from here counts when somebody claimed the MAC, not when our own claim ended.
        var localWins = local is not null && (best is null || LocalWins(bridge, local, best));
        if (!state.Frozen && remoteSaid && before is { IsLocal: true } && local is not null && !localWins)
        {
            _actions.Add(new VtepAction.MacMoved(bridge.Config.Vni, mac, best!.Vtep, best.Sequence));
            CountMove(bridge, mac, state, now);
        }

        MacEntry? entry;
        if (state.Frozen)
        {
            var stays = before is not null && (before.IsLocal ? local is not null : state.Remote.Any(p => p.Vtep == before.Vtep));
            entry = stays ? before! with { Duplicate = true } : EntryOf(best is null ? local : null, best, duplicate: true);
        }
        else
        {
            entry = EntryOf(localWins ? local : null, best, duplicate: false);
            TellConflict(bridge, mac, state, localWins);
            if (localWins)
            {
                Announce(bridge, mac, local!);
            }
            else if (local is not null)
            {
                Withdraw(bridge, mac, local);
            }
        }

        if (state.IsEmpty)
        {
            bridge.Macs.Remove(mac);
        }

        if (!Show(bridge.View.MacTable, mac, entry))
        {
            return;
        }

        _actions.Add(new VtepAction.MacChanged(bridge.Config.Vni, mac, entry));
        NoteSegment(before?.Esi ?? default, entry?.Esi ?? default, VtepRowKey.Of(bridge.Config.Vni, mac));
        TellOverlay(bridge, mac);
        if (local is not null)
        {
            foreach (var ip in local.Addresses.Keys)
            {
                _touchedNeighbors.Add((bridge, ip));
            }
        }
    }

    private static MacEntry? EntryOf(LocalMac? local, MacIpPath? best, bool duplicate) =>
        local is not null ? new(null, null, local.Esi, local.Sequence, local.Sticky, local.DefaultGateway, duplicate)
        : best is not null ? new(best.Vtep, best.Route.Label1.Vni, best.Route.Esi, best.Sequence, best.Sticky, best.DefaultGateway, duplicate)
        : null;

    /// <summary>Whether our claim stands against the best of the others.</summary>
    private bool LocalWins(L2Instance bridge, LocalMac local, MacIpPath remote)
    {
        if (local.Injected || (!local.Esi.IsZero && local.Esi == remote.Route.Esi))
        {
            return true;
        }

        if (local.Sticky || remote.Sticky)
        {
            return local.Sticky;
        }

        return local.Sequence != remote.Sequence ? local.Sequence > remote.Sequence : AddressOf(bridge.Config.Address) < remote.Vtep;
    }

    private void TellConflict(L2Instance bridge, MacAddress mac, MacState state, bool localWins)
    {
        IpAddr? with = state is { Local: { } local, Remote.Min: { } best }
            && (local.Esi.IsZero || local.Esi != best.Route.Esi)
            && (best.Sticky || (local.Sticky && localWins))
            ? best.Vtep
            : null;
        if (with is { } vtep && with != state.ConflictWith)
        {
            _actions.Add(new VtepAction.StickyConflict(bridge.Config.Vni, mac, vtep));
        }

        state.ConflictWith = with;
    }
}
