namespace Fabric.SoftGate.Kernel;

/// <summary>How the object file is loaded.</summary>
public sealed record DataPathOptions
{
    /// <summary>The object file.</summary>
    public string ObjectFile { get; init; } = Path.Combine(AppContext.BaseDirectory, "fabric.bpf.o");

    /// <summary>Directory of a bpf file system where maps are pinned and found again; null: nothing is pinned, all goes with the process.</summary>
    public string? PinDirectory { get; init; }

    /// <summary>Sizes of maps by name, entries; others keep the object file's.</summary>
    public IReadOnlyDictionary<string, uint> Sizes { get; init; } = new Dictionary<string, uint>();
}
