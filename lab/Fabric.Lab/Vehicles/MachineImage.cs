using System.Security.Cryptography;
using System.Text;
using Fabric.Lab.Rendering;
using Fabric.Lab.State;

namespace Fabric.Lab.Vehicles;

/// <summary>The files the virtual machine boots from, built once for each version of the scripts that build them.</summary>
public sealed class MachineImage
{
    /// <summary>Environment variable that names another directory for built images.</summary>
    public const string CacheVariable = "FABRIC_LAB_CACHE";

    private const string DefaultCache = "/var/cache/fabric-lab";
    private static readonly TimeSpan Unused = TimeSpan.FromDays(14);
    private static readonly string[] Scripts = ["build-image.sh", "initrd-init.sh", "machine-init.sh"];

    private MachineImage(string directory) => Directory = directory;

    /// <summary>Directory with <c>vmlinuz</c>, <c>initrd.gz</c>, <c>disk.ext4</c>, <c>id_ed25519</c> and <c>host_key.pub</c>.</summary>
    public string Directory { get; }

    /// <summary>The image in the cache; builds it if it is not there.</summary>
    public static MachineImage Get(TextWriter say)
    {
        var contents = Scripts.ToDictionary(s => s, LabRenderer.Script, StringComparer.Ordinal);
        var key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', Scripts.Select(s => contents[s])))))[..12];
        var cache = Environment.GetEnvironmentVariable(CacheVariable) is { Length: > 0 } given ? Path.GetFullPath(given) : DefaultCache;
        var image = new MachineImage(Path.Combine(cache, key));
        using (HostLock.Take("image", TimeSpan.FromMinutes(10)))
        {
            if (!System.IO.Directory.Exists(image.Directory))
            {
                Build(image.Directory, contents, say);
            }

            Use(cache, image.Directory);
        }

        return image;
    }

    // Images that no version of the scripts has used for a while go; a machine that runs from one keeps its open files.
    private static void Use(string cache, string used)
    {
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        System.IO.Directory.SetLastWriteTimeUtc(used, now);
        foreach (var directory in System.IO.Directory.EnumerateDirectories(cache))
        {
            if (directory != used && now - System.IO.Directory.GetLastWriteTimeUtc(directory) > Unused)
            {
                System.IO.Directory.Delete(directory, recursive: true);
            }
        }
    }

    private static void Build(string directory, Dictionary<string, string> contents, TextWriter say)
    {
        say.WriteLine($"building the image of the full-kernel machine, once, into {directory}");
        var scripts = System.IO.Directory.CreateTempSubdirectory("fabric-lab-image").FullName;
        try
        {
            foreach (var (name, content) in contents)
            {
                File.WriteAllText(Path.Combine(scripts, name), content);
            }

            if (Shell.Attached("bash", [Path.Combine(scripts, "build-image.sh"), directory]) != 0)
            {
                throw new LabException("cannot build the image of the full-kernel machine");
            }
        }
        finally
        {
            System.IO.Directory.Delete(scripts, recursive: true);
        }
    }
}
