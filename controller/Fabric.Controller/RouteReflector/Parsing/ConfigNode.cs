using System.Collections.Immutable;

namespace Fabric.Controller.RouteReflector.Parsing;

/// <summary>Configuration as a tree of maps, lists and texts, whether it came from a file or from flags.</summary>
/// <param name="Place">Where it stands: file and line, or the flag.</param>
internal abstract record ConfigNode(string Place);

/// <summary>A text; numbers and the like are parsed by who knows what they must be.</summary>
/// <param name="Place">Where it stands.</param>
/// <param name="Text">The text; null where there is a key without a value.</param>
internal sealed record ConfigText(string Place, string? Text) : ConfigNode(Place);

/// <summary>A list.</summary>
/// <param name="Place">Where it begins.</param>
/// <param name="Items">Its items.</param>
internal sealed record ConfigList(string Place, ImmutableArray<ConfigNode> Items) : ConfigNode(Place);

/// <summary>Keys with values, each key once.</summary>
/// <param name="Place">Where it begins.</param>
/// <param name="Entries">Its entries in order.</param>
internal sealed record ConfigMap(string Place, ImmutableArray<ConfigEntry> Entries) : ConfigNode(Place);

/// <summary>A key and its value.</summary>
/// <param name="Place">Where the key stands.</param>
/// <param name="Key">The key.</param>
/// <param name="Value">The value.</param>
internal sealed record ConfigEntry(string Place, string Key, ConfigNode Value);
