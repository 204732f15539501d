using System.Reflection;
using System.Security.Cryptography;
using Fabric.Drivers.FrrLinux.Rendering;

namespace Fabric.Drivers.FrrLinux.Reading;

/// <summary>The script that reads a device in one run.</summary>
internal static class ReadScript
{
    private static readonly string Text = Resource("read.sh");

    private static readonly string Sysctls = string.Join(
        ' ', ObjectLines.SystemSettingLines.SelectMany(l => l.Text.Split(' ')).Select(pair => pair.Split('=')[0]).Distinct());

    /// <summary>The script, with marks that the device's own words cannot hold.</summary>
    public static (string Script, string Mark) Make()
    {
        var mark = NewMark();
        return (Text.Replace("@MARK@", mark, StringComparison.Ordinal).Replace("@SYSCTLS@", Sysctls, StringComparison.Ordinal), mark);
    }

    public static string NewMark() => $"fabric-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12))}";

    public static string Resource(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
