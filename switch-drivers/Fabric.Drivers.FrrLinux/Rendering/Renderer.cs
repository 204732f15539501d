using System.Collections.Immutable;
using Fabric.Drivers.Contract;
using Fabric.Drivers.Planning;
using Fabric.Drivers.State;
using Fabric.Primitives;

namespace Fabric.Drivers.FrrLinux.Rendering;

/// <summary>
/// Turns changes into commands by comparing the lines of an object before and after: lines that stay are not touched, so a session
/// that needs no reset gets none.
/// </summary>
internal static class Renderer
{
    public static DeviceArtifact Render(DevicePlan plan, FrrDialect dialect)
    {
        var steps = ImmutableArray.CreateBuilder<ArtifactStep>(plan.Changes.Length);
        var asn = AsnOf(plan.Current.Find(BgpInstance.TheKey));
        foreach (var change in plan.Changes)
        {
            // Inside a change of the process itself the number is its own; everything else is written into the process that stands then.
            var forward = Commands(change, asn, dialect);
            var backward = Commands(change.Inverse, asn, dialect).Select(c => c with { MayFail = true });
            steps.Add(new ArtifactStep(change.Key, [.. forward], [.. backward]));
            if (change.Key == BgpInstance.TheKey)
            {
                asn = AsnOf(change.After) ?? asn;
            }
        }

        return new DeviceArtifact(steps.MoveToImmutable());
    }

    private static Asn? AsnOf(DeviceObject? item) => (item as BgpInstance)?.Asn;

    private static IEnumerable<DeviceCommand> Commands(DeviceChange change, Asn? asn, FrrDialect dialect)
    {
        var before = Lines(change.Before, asn, dialect);
        var after = Lines(change.After, asn, dialect);
        var kept = after.Select(l => l.Identity).ToHashSet();
        var present = before.Select(l => l.Identity).ToHashSet();
        var slots = after.Where(l => l.Slot is not null).Select(SlotOf).ToHashSet();
        var gone = before.Where(l => !kept.Contains(l.Identity)).ToList();
        var goneIdentities = gone.Where(l => l.Undo is not null).Select(l => l.Identity).ToHashSet();
        var mayFail = change.Before is ForeignLine || change.After is ForeignLine;

        foreach (var line in Enumerable.Reverse(gone))
        {
            if (line.Undo is { } undo && !line.IsUnder(goneIdentities) && (line.Slot is null || !slots.Contains(SlotOf(line))))
            {
                yield return new DeviceCommand(line.Shell, line.Context, undo) { MayFail = mayFail };
            }
        }

        foreach (var line in after)
        {
            if (!present.Contains(line.Identity))
            {
                yield return new DeviceCommand(line.Shell, line.Context, line.Text) { MayFail = mayFail };
            }
        }
    }

    private static string SlotOf(ConfigLine line) => ConfigLine.IdentityOf(line.Shell, line.Context, line.Slot!);

    /// <summary>The lines that an object really has on the device.</summary>
    private static List<ConfigLine> Lines(DeviceObject? item, Asn? asn, FrrDialect dialect)
    {
        if (item is null)
        {
            return [];
        }

        var missing = item.Missing.ToHashSet();
        return [.. ObjectLines.Of(item, asn, dialect).Where(l => !missing.Contains(l.Identity))];
    }
}
