using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Fabric.Bgp.Speaker;
using Fabric.Controller.RouteReflector.Parsing;

namespace Fabric.Controller.RouteReflector;

/// <summary>A route reflector's configuration as YAML text.</summary>
public static class RouteReflectorFile
{
    private const long MaxLength = 16 << 20;
    private const int MaxKeyFileLength = 4096;

    /// <summary>Reads a configuration; never throws.</summary>
    /// <param name="text">The YAML; hostile until parsed.</param>
    /// <param name="source">What the text is called in messages.</param>
    /// <returns>The configuration, or null and everything that is wrong, one line each.</returns>
    public static (RouteReflectorConfig? Config, ImmutableArray<string> Faults) Parse(string text, string source = "config") => Parse(text, source, ImmutableDictionary<string, IReadOnlyList<string>>.Empty);

    /// <summary>Reads the configuration of a file and of flags; a flag goes before the same key of the file.</summary>
    /// <param name="path">The file; null: flags say everything.</param>
    /// <param name="flags">Values by the names of keys.</param>
    /// <returns>The configuration, or null and everything that is wrong, one line each.</returns>
    public static (RouteReflectorConfig? Config, ImmutableArray<string> Faults) Load(string? path, IReadOnlyDictionary<string, IReadOnlyList<string>> flags)
    {
        ArgumentNullException.ThrowIfNull(flags);
        if (path is null)
        {
            return Parse("", "", flags);
        }

        try
        {
            return new FileInfo(path).Length > MaxLength
                ? (null, [$"{path}: larger than {MaxLength >> 20} MiB; this is no configuration"])
                : Parse(File.ReadAllText(path), path, flags);
        }
        catch (Exception e) when (IsFileError(e))
        {
            return (null, [$"{path}: cannot be read: {e.Message}"]);
        }
    }

    /// <summary>The configuration as text, with every setting said; <see cref="Parse(string, string)"/> reads it as the same configuration.</summary>
    public static string Print(RouteReflectorConfig config) => ConfigYaml.Write(ConfigWriter.Write(config));

    private static (RouteReflectorConfig? Config, ImmutableArray<string> Faults) Parse(
        string text, string source, IReadOnlyDictionary<string, IReadOnlyList<string>> flags)
    {
        var faults = new ConfigFaults();
        if (ConfigYaml.Read(text, source, faults) is not { } tree)
        {
            return (null, [.. faults.All]);
        }

        var config = new ConfigReader(ReadKey, faults).Read(WithFlags(tree, flags));
        return faults.All.Count == 0 ? (config, []) : (null, [.. faults.All]);
    }

    private static ConfigMap WithFlags(ConfigMap tree, IReadOnlyDictionary<string, IReadOnlyList<string>> flags) => tree with
    {
        Entries =
        [
            .. tree.Entries.Where(e => !flags.ContainsKey(e.Key)),
            .. flags.Select(f => new ConfigEntry($"--{f.Key}", f.Key, f.Value is [var only]
                ? new ConfigText($"--{f.Key}", only)
                : new ConfigList($"--{f.Key}", [.. f.Value.Select(v => new ConfigText($"--{f.Key}", v))]))),
        ],
    };

    // What is in the file never gets into a message.
    private static bool ReadKey(string path, out TcpMd5Key key, [NotNullWhen(false)] out string? error)
    {
        key = null!;
        try
        {
            if (new FileInfo(path).Length > MaxKeyFileLength)
            {
                error = $"{Quoted.Of(path)} is too long for a key of 1 to {TcpMd5Key.MaxLength} octets";
                return false;
            }

            key = new TcpMd5Key(File.ReadAllText(path).TrimEnd('\r', '\n'));
            error = null;
            return true;
        }
        catch (ArgumentException)
        {
            error = $"{Quoted.Of(path)} does not hold a key of 1 to {TcpMd5Key.MaxLength} octets";
        }
        catch (Exception e) when (IsFileError(e))
        {
            error = $"{Quoted.Of(path)} cannot be read; give a file that this user may read";
        }

        return false;
    }

    private static bool IsFileError(Exception e) => e is IOException or UnauthorizedAccessException or NotSupportedException;
}
