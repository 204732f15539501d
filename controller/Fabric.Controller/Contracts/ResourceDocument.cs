using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Fabric.Controller.Contracts;

/// <summary>A resource.</summary>
/// <typeparam name="TSpec">What its kind specifies.</typeparam>
public sealed record ResourceDocument<TSpec>
{
    /// <summary>Its kind. Given by the path; checked where a request repeats it.</summary>
    public string? Kind { get; init; }

    /// <summary>Its name, 1..512 characters, unique among its kind. In paths percent-encoded, a slash as %2F.</summary>
    public required string Name { get; init; }

    /// <summary>Its number for life, given by the controller.</summary>
    public int? Uid { get; init; }

    /// <summary>Revision at which it was last changed, given by the controller; in quotes it is the ETag.</summary>
    public long? Revision { get; init; }

    /// <summary>Free marks: keys of 1..253 characters, values of at most 253.</summary>
    public ImmutableSortedDictionary<string, string>? Labels { get; init; }

    /// <summary>What is wanted.</summary>
    public required TSpec Spec { get; init; }

    /// <summary>What has become of it; ignored in requests.</summary>
    public StatusDocument? Status { get; init; }
}

/// <summary>What has become of a resource.</summary>
public sealed record StatusDocument
{
    /// <summary>The revision of the resource that is in force everywhere it concerns; 0 while none is.</summary>
    public required long ObservedRevision { get; init; }

    /// <summary>Aspects of its state; Ready is always one of them.</summary>
    public required ImmutableArray<ConditionDocument> Conditions { get; init; }

    /// <summary>What only this kind has, such as the numbers it was given.</summary>
    [JsonExtensionData]
    public IDictionary<string, object?>? Details { get; init; }
}

/// <summary>One aspect of a resource's state.</summary>
/// <param name="Type">The aspect, such as <c>Ready</c>.</param>
/// <param name="Status"><c>True</c>, <c>False</c> or <c>Unknown</c>.</param>
/// <param name="Reason">Why, one word in CamelCase that programs may act upon.</param>
/// <param name="Message">Why, one sentence for people.</param>
/// <param name="LastTransitionTime">When <paramref name="Status"/> last changed; absent where it follows from others at the time of asking.</param>
public sealed record ConditionDocument(string Type, string Status, string Reason, string Message, DateTimeOffset? LastTransitionTime);

/// <summary>A page of resources.</summary>
/// <typeparam name="TSpec">What their kind specifies.</typeparam>
public sealed record ResourceList<TSpec>
{
    /// <summary>The resources, by name in ordinal order.</summary>
    public required ImmutableArray<ResourceDocument<TSpec>> Items { get; init; }

    /// <summary>Pass it as <c>cursor</c> to get the next page; absent on the last one.</summary>
    public string? Next { get; init; }

    /// <summary>The intent's revision that the page was read at; watch from here.</summary>
    public required long Revision { get; init; }
}
