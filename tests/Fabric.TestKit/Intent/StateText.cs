using System.Collections;
using System.Reflection;
using System.Text;
using Fabric.Compiler;
using Fabric.Drivers.State;

namespace Fabric.TestKit.Intent;

/// <summary>A readable, stable text of what a device shall be: an object a line, in key order, with the resource that asks for it.</summary>
public static class StateText
{
    private static readonly string[] NotValues = [nameof(DeviceObject.Key), nameof(DeviceObject.DependsOn), nameof(DeviceObject.Missing), "EqualityContract"];

    /// <summary>The text of a compilation.</summary>
    public static string Of(DeviceCompilation compilation)
    {
        var text = new StringBuilder();
        foreach (var item in compilation.State)
        {
            text.Append($"{item.Key}{Values(item)}  <- {compilation.Origins[item.Key].Resource}\n");
        }

        foreach (var shortfall in compilation.Shortfalls)
        {
            text.Append($"! {shortfall.VNet}: {shortfall.Reason}\n");
        }

        return text.ToString();
    }

    /// <summary>The text of several devices.</summary>
    public static string Of(IEnumerable<KeyValuePair<string, DeviceCompilation>> devices) =>
        string.Join("\n", devices.Select(d => $"# {d.Key}\n{Of(d.Value)}"));

    private static string Values(DeviceObject item) => string.Concat(
        item.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => !NotValues.Contains(p.Name, StringComparer.Ordinal)).OrderBy(p => p.MetadataToken)
            .Select(p => $" {p.Name}={Text(p.GetValue(item))}"));

    private static string Text(object? value) => value switch
    {
        null => "none",
        string text => text,
        IEnumerable list => $"[{string.Join(", ", list.Cast<object?>().Select(Text))}]",
        _ => value.ToString()!,
    };
}
