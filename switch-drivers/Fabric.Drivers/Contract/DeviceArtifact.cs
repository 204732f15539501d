using System.Collections.Immutable;
using Fabric.Drivers.State;
using Fabric.Primitives;

namespace Fabric.Drivers.Contract;

/// <summary>A plan in a device's own language.</summary>
/// <param name="Steps">One step a change, in the plan's order.</param>
public sealed record DeviceArtifact(ImmutableArray<ArtifactStep> Steps)
{
    /// <summary>The commands that carry the plan out, in order, as an operator would type them; free of secrets.</summary>
    public IEnumerable<string> Forward => Steps.SelectMany(s => s.Forward).Select(c => c.ToString());

    /// <summary>The commands that undo the plan, in order, each safe to run when its counterpart never ran.</summary>
    public IEnumerable<string> Backward => Steps.Reverse().SelectMany(s => s.Backward).Select(c => c.ToString());
}

/// <summary>The commands of one change.</summary>
/// <param name="Key">The object that changes.</param>
/// <param name="Forward">What carries the change out.</param>
/// <param name="Backward">What undoes it.</param>
public sealed record ArtifactStep(ObjectKey Key, ImmutableArray<DeviceCommand> Forward, ImmutableArray<DeviceCommand> Backward);

/// <summary>One command of a device.</summary>
/// <param name="Shell">The program that takes it: a shell command's first word, or the name of a configuration shell (<c>vtysh</c>).</param>
/// <param name="Context">Configuration lines that lead to the context in which it is typed, outermost first.</param>
/// <param name="Text">The command within that context.</param>
public sealed record DeviceCommand(string Shell, ValueList<string> Context, string Text)
{
    /// <summary>A command of the system's shell, such as <c>ip link set dev swp1 up</c>.</summary>
    /// <param name="shell">The program.</param>
    /// <param name="text">Its arguments.</param>
    public DeviceCommand(string shell, string text)
        : this(shell, [], text)
    {
    }

    /// <summary>Whether the change goes on where the device refuses this command: it clears away something of unknown nature.</summary>
    public bool MayFail { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Shell}{(Context.Count == 0 ? "" : " " + string.Join(" / ", Context) + " /")} {Text}";
}
