using Fabric.Drivers.State;
using Fabric.Primitives;

namespace Fabric.Drivers.FrrLinux.Rendering;

/// <summary>
/// One line of a device's configuration: a line of FRR's, or a command that puts one kernel setting. The same text says that the
/// setting is wanted, that it was found, and how it is written.
/// </summary>
/// <param name="Shell">The program that takes it: <c>vtysh</c>, <c>ip</c>, <c>bridge</c> or <c>sysctl</c>.</param>
/// <param name="Context">FRR: the lines that lead to it, outermost first.</param>
/// <param name="Text">The line.</param>
internal sealed record ConfigLine(string Shell, ValueList<string> Context, string Text)
{
    public const string Vtysh = "vtysh";
    public const string Ip = "ip";
    public const string Bridge = "bridge";
    public const string Sysctl = "sysctl";

    /// <summary>What takes it away again, in the same context; null where nothing needs to.</summary>
    public string? Undo { get; init; }

    /// <summary>Lines of one context with the same slot replace each other: the old one is not undone first.</summary>
    public string? Slot { get; init; }

    /// <summary>Identity of a line that takes this one with it when it is undone, beside the lines of <see cref="Context"/>.</summary>
    public string? Under { get; init; }

    /// <summary>How the line is told apart from others and shown where it is missing.</summary>
    public string Identity => IdentityOf(Shell, Context, Text);

    public static string IdentityOf(string shell, IEnumerable<string> context, string text) =>
        $"{shell} {string.Join(" / ", context.Append(text))}";

    /// <summary>Whether undoing the line with this identity takes this one with it.</summary>
    public bool IsUnder(IReadOnlySet<string> gone)
    {
        if (Under is not null && gone.Contains(Under))
        {
            return true;
        }

        for (var depth = 0; depth < Context.Count; depth++)
        {
            if (gone.Contains(IdentityOf(Shell, Context.Take(depth), Context[depth])))
            {
                return true;
            }
        }

        return false;
    }
}
