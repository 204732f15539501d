using System.Collections.Immutable;
using Fabric.Bgp.Lint;
using Fabric.Bgp.Rib;
using Fabric.Bgp.Vtep;
using Fabric.Primitives;

namespace Fabric.Bgp.Speaker;

/// <summary>The linter, if it is asked for: it is told of every path that changes.</summary>
internal sealed partial class RouteEngine
{
    private static readonly TimeSpan LintPace = TimeSpan.FromSeconds(1);

    private EvpnLinter? _linter;
    private ITimer? _lintTimer;

    /// <summary>Told of findings that are raised or cleared.</summary>
    public Action<LintEvent>? OnFinding { get; set; }

    /// <summary>What is wrong now; null when nobody looks.</summary>
    public ImmutableArray<LintFinding>? Findings => Ask(_ => _linter?.Findings);

    /// <summary>Begins to look; before any peer is there.</summary>
    public void Lint(EvpnLinterOptions options) => Ask(table =>
    {
        _linter = new EvpnLinter(options);
        _lintTimer = _time.CreateTimer(_ => Post(() => Tell(_linter.Tick(_time.GetUtcNow()))), null, LintPace, LintPace);
        return table.OnTouch = Note;
    });

    private void LintTouched()
    {
        if (_linter is null)
        {
            return;
        }

        var now = _time.GetUtcNow();
        foreach (var entry in _touched.Keys)
        {
            foreach (var at in _table.PathsOf(entry))
            {
                ref var path = ref _table.Path(at);
                var peer = _table.Peer(path.Peer);
                var source = new PathSource(peer.IsLocal ? null : peer.Address, path.PathId);
                if (EvpnPathEvent.Of(source, _table.Nlri(path), path.IsUsable ? _table.Sets[path.Set].Attributes : null) is { } change)
                {
                    Tell(_linter.Apply(change, now));
                }
            }
        }
    }

    private void LintImporter(RouteTarget? target, bool imports)
    {
        if (_linter is not null)
        {
            Tell(_linter.Importer(target, imports, _time.GetUtcNow()));
        }
    }

    private void Tell(ImmutableArray<LintEvent> events)
    {
        foreach (var e in events)
        {
            OnFinding?.Invoke(e);
        }
    }
}
