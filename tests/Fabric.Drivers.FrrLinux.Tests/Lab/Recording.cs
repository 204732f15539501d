using System.Runtime.CompilerServices;
using Fabric.Drivers.FrrLinux.Reading;
using Fabric.Drivers.Sessions;

namespace Fabric.Drivers.FrrLinux.Tests.Lab;

/// <summary>Answers of real devices to the read script, kept in the folder <c>recorded</c>. <c>FABRIC_RECORD=1</c> records them anew.</summary>
internal static class Recording
{
    public const string Mark = "fabric-mark";

    public static async Task TakeAsync(IDeviceSession session, string name, [CallerFilePath] string caller = "")
    {
        if (Environment.GetEnvironmentVariable("FABRIC_RECORD") != "1")
        {
            return;
        }

        var (script, mark) = ReadScript.Make();
        var result = await session.RunAsync(script, TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.Equal(0, result.ExitCode);
        await File.WriteAllTextAsync(PathOf(name, caller), result.Output.Replace(mark, Mark, StringComparison.Ordinal));
    }

    public static string Read(string name, [CallerFilePath] string caller = "") => File.ReadAllText(PathOf(name, caller));

    private static string PathOf(string name, string caller)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(caller)!, "..", "recorded"));
        return Path.Combine(folder.FullName, $"{name}.txt");
    }
}
