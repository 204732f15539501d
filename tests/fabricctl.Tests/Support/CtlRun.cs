using System.Globalization;
using System.Text;

namespace Fabric.Ctl.Tests.Support;

/// <summary>What a run of the program left.</summary>
internal sealed record CtlResult(int ExitCode, string Out, string Error);

/// <summary>Runs the program in this process, with a directory of its own for settings and files.</summary>
internal sealed class CtlRun : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("fabricctl-test-").FullName;
    private readonly Dictionary<string, string> _environment = new(StringComparer.Ordinal);

    public CtlRun() => _environment["XDG_CONFIG_HOME"] = Path.Combine(_directory, "config");

    /// <summary>A run against a fake, which the environment names.</summary>
    public static CtlRun Against(FakeController fake)
    {
        var run = new CtlRun();
        run._environment["FABRIC_SERVER"] = fake.Address;
        run._environment["FABRIC_TOKEN_FILE"] = run.Write("token", FakeController.Token + "\n");
        run._environment["FABRIC_CA"] = run.Write("ca.pem", fake.CertificateAuthority);
        return run;
    }

    public string ConfigFile => Path.Combine(_environment["XDG_CONFIG_HOME"], "fabricctl", "config.json");

    public CtlRun Without(params string[] variables)
    {
        foreach (var variable in variables)
        {
            _environment.Remove(variable);
        }

        return this;
    }

    public CtlRun With(string variable, string value)
    {
        _environment[variable] = value;
        return this;
    }

    public string Write(string name, string content)
    {
        var path = Path.Combine(_directory, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return path;
    }

    public Task<CtlResult> RunAsync(params string[] arguments) => RunWithInputAsync("", arguments);

    public Task<CtlResult> RunWithInputAsync(string input, params string[] arguments) => RunWithInputAsync(Encoding.UTF8.GetBytes(input), arguments);

    public async Task<CtlResult> RunWithInputAsync(byte[] input, params string[] arguments)
    {
        var output = new StringWriter(CultureInfo.InvariantCulture);
        var error = new StringWriter(CultureInfo.InvariantCulture);
        var host = new CtlHost(
            new StringReader(Encoding.UTF8.GetString(input)), output, error, _environment.GetValueOrDefault, TimeProvider.System, null, () => new MemoryStream(input));
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var code = await FabricCtl.RunAsync(arguments, host, deadline.Token);
        return new CtlResult(code, output.ToString(), error.ToString());
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
