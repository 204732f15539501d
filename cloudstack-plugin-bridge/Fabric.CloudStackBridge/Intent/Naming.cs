using System.Collections.Immutable;

namespace Fabric.CloudStackBridge.Intent;

/// <summary>
/// Names. The controller's names are unique among their kind and never change; CloudStack renames, and uses a name twice. So a resource
/// keeps the name that it was made with, or one like it, and what clients call it now is in its labels where that differs.
/// </summary>
public static class Naming
{
    /// <summary>Prefix of the bridge's labels.</summary>
    public const string Prefix = "cloudstack.";

    /// <summary>Label of what the bridge has made and looks after.</summary>
    public const string Made = Prefix + "made";

    private const string TitleLabel = Prefix + "name";
    private const int Chunk = 250;
    private const int LongestName = 480;

    /// <summary>What clients call a resource.</summary>
    public static string Title(Resource resource)
    {
        if (resource.Label(TitleLabel) is not { } first)
        {
            return resource.Name;
        }

        var title = first;
        for (var i = 2; resource.Label($"{TitleLabel}.{i}") is { } more; i++)
        {
            title += more;
        }

        return title;
    }

    /// <summary>A name for a new resource: the title, or one like it that is free.</summary>
    public static string Free(IntentView view, string kind, string title)
    {
        var name = title.Trim();
        name = name.Length > LongestName ? name[..(char.IsHighSurrogate(name[LongestName - 1]) ? LongestName - 1 : LongestName)].Trim() : name;
        name = name.Length == 0 ? "unnamed" : name;
        var free = name;
        for (var i = 2; view.Find(kind, free) is not null; i++)
        {
            free = $"{name}~{i}";
        }

        return free;
    }

    /// <summary>Labels with a title: none of it where the name says it.</summary>
    public static ImmutableDictionary<string, string> WithTitle(ImmutableDictionary<string, string> labels, string name, string title)
    {
        labels = labels.RemoveRange(labels.Keys.Where(k => k == TitleLabel || k.StartsWith(TitleLabel + ".", StringComparison.Ordinal)));
        if (name == title)
        {
            return labels;
        }

        // Labels hold 253 characters.
        for (int start = 0, i = 1; start < title.Length; i++)
        {
            var length = Math.Min(Chunk, title.Length - start);
            length -= start + length < title.Length && char.IsHighSurrogate(title[start + length - 1]) ? 1 : 0;
            labels = labels.SetItem(i == 1 ? TitleLabel : $"{TitleLabel}.{i}", title.Substring(start, length));
            start += length;
        }

        return labels;
    }

    /// <summary>Labels with one more, or without it when there is no value; a value is cut to what a label holds.</summary>
    public static ImmutableDictionary<string, string> WithLabel(this ImmutableDictionary<string, string> labels, string key, string? value) =>
        string.IsNullOrEmpty(value) ? labels.Remove(Prefix + key) : labels.SetItem(Prefix + key, value.Length <= Chunk ? value : value[..Chunk]);
}
