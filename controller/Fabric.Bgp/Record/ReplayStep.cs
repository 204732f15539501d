using System.Collections.Immutable;

namespace Fabric.Bgp.Record;

/// <summary>A step of a recording, made again.</summary>
/// <param name="Line">Line number, from 1.</param>
/// <param name="At">When it was recorded.</param>
/// <param name="Event">What happened, as text.</param>
/// <param name="Actions">What is decided now, as text.</param>
/// <param name="Difference">What is not as recorded, or why the line cannot be read; null when all is the same.</param>
public sealed record ReplayStep(int Line, DateTimeOffset At, string Event, ImmutableArray<string> Actions, string? Difference);
