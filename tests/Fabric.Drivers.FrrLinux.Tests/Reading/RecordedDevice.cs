using System.Text.RegularExpressions;
using Fabric.Drivers.FrrLinux.Tests.Lab;
using Fabric.Drivers.Sessions;

namespace Fabric.Drivers.FrrLinux.Tests.Reading;

/// <summary>A device that takes every change and answers reads as a real one did before and after it.</summary>
internal sealed partial class RecordedDevice(string before, string after) : IDeviceSession
{
    /// <summary>The script that carried the change out.</summary>
    public string Applied { get; private set; } = "";

    public Task<ScriptResult> RunAsync(string script, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var mark = MarkPattern().Match(script).Value;
        if (script.Contains("show running-config", StringComparison.Ordinal) && script.Contains("section config", StringComparison.Ordinal))
        {
            return Task.FromResult(new ScriptResult(0, (Applied.Length == 0 ? before : after).Replace(Recording.Mark, mark, StringComparison.Ordinal), ""));
        }

        Applied = script;
        return Task.FromResult(new ScriptResult(0, $"\n{mark} applied\n", ""));
    }

    public Task<ScriptResult> RunOnNewConnectionAsync(string script, TimeSpan timeout, CancellationToken cancellationToken) =>
        Task.FromResult(new ScriptResult(0, $"\n{MarkPattern().Match(script).Value} confirmed\n", ""));

    [GeneratedRegex("fabric-[0-9a-f]{24}", RegexOptions.None, 1000)]
    private static partial Regex MarkPattern();
}
