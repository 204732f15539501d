using System.Diagnostics;

namespace Fabric.NetworkExtension.Tests;

/// <summary>The script that puts the extension onto a management server.</summary>
public sealed class InstallTests : IDisposable
{
    private const UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private readonly string _directory = Directory.CreateTempSubdirectory("install-").FullName;
    private readonly string _extensions;
    private readonly string _target;

    public InstallTests()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "the script wants root");
        Directory.CreateDirectory(_directory, Executable);
        _extensions = Directory.CreateDirectory(Path.Combine(_directory, "extensions"), Executable).FullName;
        File.SetUnixFileMode(_directory, Executable);
        _target = Path.Combine(_extensions, "fabric", "fabric.sh");
        File.Copy(Path.Combine(AppContext.BaseDirectory, "install.sh"), Path.Combine(_directory, "install.sh"));
        WriteProgram("echo 'usage: fabric-network-extension COMMAND'; exit 1");
    }

    [Fact]
    public void It_puts_the_file_where_CloudStack_looks_and_a_stub_or_an_older_one_is_replaced()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_target)!, Executable);
        File.WriteAllText(_target, "stub");
        var (code, output, _) = Run();
        Assert.Equal(0, code);
        Assert.Contains("sha256 ", output, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllText(Path.Combine(_directory, "fabric-network-extension")), File.ReadAllText(_target));
        Assert.Equal(Executable, File.GetUnixFileMode(_target));
        Assert.Equal([_target], Directory.GetFiles(Path.GetDirectoryName(_target)!));
        Assert.Equal(0, Run("--check").Code);
    }

    [Fact]
    public void What_others_could_change_is_named()
    {
        Run();
        File.SetUnixFileMode(_extensions, Executable | UnixFileMode.OtherWrite);
        AssertFails(Run("--check"), $"{_extensions} may be changed by others (mode 757): chmod go-w {_extensions}");
        File.SetUnixFileMode(_extensions, Executable);
        File.SetUnixFileMode(_target, Executable | UnixFileMode.GroupWrite);
        AssertFails(Run("--check"), $"{_target} has mode 775: chmod 755 {_target}");
        File.SetUnixFileMode(_target, Executable);
        AssertFails(Run("--check", "--owner", "daemon:daemon"), $"{_target} belongs to root:root: chown daemon:daemon {_target}");
        File.AppendAllText(_target, "#");
        AssertFails(Run("--check"), $"{_target} is another one than");
        File.Delete(_target);
        AssertFails(Run("--check"), $"{_target} is not there");
    }

    [Fact]
    public void A_program_that_does_not_run_or_a_server_that_is_none_changes_nothing()
    {
        WriteProgram("echo 'libstdc++.so.6: cannot open shared object file' >&2; exit 127");
        AssertFails(Run(), "the program does not run here: libstdc++.so.6: cannot open shared object file");
        Assert.Empty(Directory.GetFileSystemEntries(_extensions));
        WriteProgram("echo 'usage: fabric-network-extension COMMAND'; exit 1");
        AssertFails(Run("--owner", "nobody-like-this:root"), "there is no user nobody-like-this: is this a CloudStack management server?");
        AssertFails(Run("--extensions", Path.Combine(_directory, "none")), "is this a CloudStack management server of 4.23 or later?");
        File.CreateSymbolicLink(Path.Combine(_extensions, "fabric"), "/tmp");
        AssertFails(Run(), "is there and is no directory");
        Assert.Equal(2, Run("--name", "../x").Code);
        Assert.Equal(2, Run("--frobnicate").Code);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static void AssertFails((int Code, string Output, string Error) result, string message)
    {
        Assert.Equal(1, result.Code);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
    }

    private void WriteProgram(string body)
    {
        var file = Path.Combine(_directory, "fabric-network-extension");
        File.WriteAllText(file, "#!/bin/sh\n" + body + "\n");
        File.SetUnixFileMode(file, Executable);
    }

    private (int Code, string Output, string Error) Run(params string[] options)
    {
        string[] owner = options.Contains("--owner") ? [] : ["--owner", "root:root"];
        string[] extensions = options.Contains("--extensions") ? [] : ["--extensions", _extensions];
        var start = new ProcessStartInfo("bash", [Path.Combine(_directory, "install.sh"), .. extensions, .. owner, .. options])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
