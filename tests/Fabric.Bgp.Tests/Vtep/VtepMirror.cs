using Fabric.Bgp.Vtep;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Vtep;

/// <summary>The tables as a reader of the changes keeps them.</summary>
internal sealed class VtepMirror
{
    private readonly SortedDictionary<string, string> _rows = new(StringComparer.Ordinal);

    public int Rows => _rows.Count;

    /// <summary>The version after which it was in step last; null while rows are missing.</summary>
    public long? InSyncAt { get; private set; }

    public void Take(VtepChanges changes)
    {
        foreach (var change in changes.Changes)
        {
            var (key, row) = RowOf(change);
            if (row is null)
            {
                _rows.Remove(key);
            }
            else
            {
                _rows[key] = row;
            }
        }

        InSyncAt = changes.InSync ? changes.Version : null;
    }

    public string Show() => string.Join('\n', _rows.Select(static r => $"{r.Key} = {r.Value}"));

    /// <summary>What a mirror in step shows.</summary>
    public static string Show(VtepState state)
    {
        var mirror = new VtepMirror();
        mirror.Take(new VtepChanges(0,
        [
            .. state.L2Vnis.SelectMany(v => state.TryGetL2Vni(v, out var view) ? (IEnumerable<VtepChange>)
            [
                .. view.Macs.Select(m => new VtepChange.Mac(v, m.Key, m.Value, state.Destinations(v, m.Value))),
                .. view.Neighbors.Select(n => new VtepChange.Neighbor(v, n.Key, n.Value)),
                .. view.Flood.Select(f => new VtepChange.Flood(v, f.Key, f.Value)),
            ] : []),
            .. state.L3Vnis.SelectMany(v => state.TryGetL3Vni(v, out var view) ? (IEnumerable<VtepChange>)
            [
                .. view.Prefixes.Select(p => new VtepChange.Route(v, p.Key, state.Destinations(v, p.Key))),
                .. view.Hosts.Select(h => new VtepChange.Host(v, h.Key, state.Destinations(v, h.Key))),
            ] : []),
            .. state.Forwarders.Select(f => new VtepChange.Forwarder(f.Esi, f.Vni, state.Forwarder(f.Esi, f.Vni))),
        ], true));
        return mirror.Show();
    }

    private static (string Key, string? Row) RowOf(VtepChange change) => change switch
    {
        VtepChange.Mac c => ($"mac {c.Vni} {c.Address}", c.Entry is null ? null : $"{c.Entry} to {Text(c.Destinations)}"),
        VtepChange.Neighbor c => ($"neighbor {c.Vni} {c.Ip}", c.Entry?.ToString()),
        VtepChange.Flood c => ($"flood {c.Vni} {c.Vtep}", c.Entry?.ToString()),
        VtepChange.Route c => ($"route {c.Vni} {c.Prefix}", c.Destinations.IsEmpty ? null : Text(c.Destinations)),
        VtepChange.Host c => ($"host {c.Vni} {c.Ip}", c.Destinations.IsEmpty ? null : Text(c.Destinations)),
        VtepChange.Forwarder c => ($"forwarder {c.Esi} {c.Vni}", c.Result?.ToString()),
        _ => throw new ArgumentException("unknown", nameof(change)),
    };

    private static string Text(IEnumerable<Destination> destinations) => string.Join(' ', destinations);
}
