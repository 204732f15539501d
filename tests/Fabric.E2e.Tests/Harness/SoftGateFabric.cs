namespace Fabric.E2e.Tests.Harness;

/// <summary>
/// The reference topology with its SoftGates at work: enrolled agents, the VPCs of <c>docs/examples/softgates.yaml</c> and a VM for each of
/// their places. Raised once for all tests of a class.
/// </summary>
public sealed class SoftGateFabric : IAsyncLifetime
{
    private const string AgentPort = "8444";
    private const string Home = "/var/lib/softgated";

    /// <summary>Name, hypervisor, VNI, address and gateway of the VMs.</summary>
    private static readonly (string Name, string Host, int Vni, string Address, string Gateway)[] s_vms =
    [
        ("web1", "hypervisor1", 2000001, "10.0.1.11", "10.0.1.1"),
        ("web2", "hypervisor2", 2000001, "10.0.1.12", "10.0.1.1"),
        ("db1", "hypervisor2", 2000002, "10.0.2.11", "10.0.2.1"),
        ("work1", "hypervisor1", 2000003, "10.0.1.11", "10.0.1.1"),
    ];

    private Lab? _lab;
    private Fabricd? _fabricd;
    private string? _broken;

    internal static IReadOnlyList<string> SoftGates { get; } = ["softgate1", "softgate2"];

    internal Lab Lab => _lab!;

    internal Api Api => _fabricd!.Api;

    internal Fabricd Fabricd => _fabricd!;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <summary>Raises it, if it is not up yet, and waits until it is well.</summary>
    internal async Task ReadyAsync()
    {
        Prerequisites.Demand(Prerequisites.Missing());
        Eventually.Stretch = 1;
        if (_broken is not null)
        {
            throw new InvalidOperationException($"the fabric did not come up for an earlier test: {_broken}");
        }

        try
        {
            if (_lab is null)
            {
                await RaiseAsync();
            }

            await WellAsync();
        }
        catch (Exception e)
        {
            _broken ??= e.Message.Split('\n')[0];
            throw;
        }
    }

    /// <summary>Waits until both SoftGates announce what is theirs and know each other's sessions.</summary>
    internal Task WellAsync() => Eventually.Fine("the SoftGates are well", async () =>
    {
        foreach (var name in SoftGates)
        {
            var answer = await StatusAsync(name);
            if (!answer.Ok)
            {
                return $"{name}: {answer}";
            }

            var status = System.Text.Json.Nodes.JsonNode.Parse(answer.Output)!;
            if (!(status["healthy"]!.GetValue<bool>() && status["partner"]?["ready"]?.GetValue<bool>() == true && status["upstreamSessions"]!.GetValue<int>() == 2
                && status["evpnSessions"]!.GetValue<int>() == 2 && status["vpcs"]!.AsArray().Count == 2))
            {
                return $"{name}: {answer.Output}";
            }
        }

        return null;
    }, 60);

    internal Task<CommandResult> StatusAsync(string softGate) => Lab.TryAsync(softGate, Home + "/program/softgated", "status");

    /// <summary>Starts the agent of a SoftGate.</summary>
    internal Task StartAgentAsync(string softGate) => Lab.ShellAsync(
        softGate,
        $"setsid {Home}/program/softgated run --controller https://{Lab.ControllerAddress}:{AgentPort} --controller-ca {Home}/ca.crt --token-file {Home}/token >>/var/log/softgated.log 2>&1 </dev/null &");

    /// <summary>Kills the agent of a SoftGate at once.</summary>
    internal Task KillAgentAsync(string softGate) => Lab.ShellAsync(softGate, "pkill -KILL -x softgated");

    /// <summary>Which SoftGate the upstream router sends an address to.</summary>
    internal async Task<string> OwnerAsync(string address) =>
        (await Lab.ExecAsync("upstream1", "ip", "route", "show", address)).Contains("100.64.1.1", StringComparison.Ordinal) ? SoftGates[0] : SoftGates[1];

    public async ValueTask DisposeAsync()
    {
        if (_lab is not null)
        {
            if (TestContext.Current.TestState?.Result == TestResult.Failed)
            {
                TestContext.Current.SendDiagnosticMessage("{0}", _fabricd?.Tail(100) ?? "");
            }

            if (_fabricd is not null)
            {
                await _fabricd.DisposeAsync();
            }

            await _lab.DisposeAsync();
        }
    }

    private async Task RaiseAsync()
    {
        _lab = await Lab.UpAsync(Repository.Topology("reference"), "ns", TimeSpan.FromMinutes(1));
        _fabricd = await Fabricd.StartAsync(Lab.SshKey, agentListen: $"{Lab.ControllerAddress}:{AgentPort}");
        await Api.ChangeAsync(Yaml.Resources(await Lab.DoAsync("inventory", "--with-softgates")));
        await Eventually.Fine(
            "all devices are ready",
            async () => (await Api.ListAsync("devices")).FirstOrDefault(d => !Intent.IsReady(d)) is { } device ? Intent.Show(device) : null,
            60);
        foreach (var name in SoftGates)
        {
            await EnrolAsync(name);
            await StartAgentAsync(name);
        }

        (await CtlAsync("apply", "-f", Path.Combine(Repository.Root, "docs", "examples", "softgates.yaml"), "--wait", "60s")).Must();
        foreach (var (name, host, vni, address, gateway) in s_vms)
        {
            await Lab.DoAsync("vm", "add", name, "--host", host, "--vni", $"{vni}", "--ip", $"{address}/24", "--gateway", gateway);
        }
    }

    /// <summary>Puts program, trust and token into the device's own storage: what is under the repository need not be visible in it.</summary>
    private async Task EnrolAsync(string name)
    {
        var token = (await CtlAsync("softgate", "enroll-token", name)).Must().Output.Trim();
        var program = Path.GetDirectoryName(new FileInfo(Repository.Program("softgated")).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? Repository.Program("softgated"))!;
        await Lab.PutAsync(name, Home + "/ca.crt", await File.ReadAllTextAsync(Path.Combine(_fabricd!.DataDirectory, "agents", "ca.crt")));
        await Lab.PutAsync(name, Home + "/token", token);
        (await Command.RunAsync("bash", "-c", $"tar -C '{program}' -c . | bash '{Lab.ExecScript}' --name '{Lab.Name}' '{name}' sh -c 'mkdir -p {Home}/program && tar -x -C {Home}/program'")).Must();
    }

    private Task<CommandResult> CtlAsync(params string[] arguments) => Command.RunAsync(
        Repository.Program("fabricctl"),
        [.. arguments, "--server", _fabricd!.Root.ToString(), "--token-file", _fabricd.TokenFile, "--ca", _fabricd.CaFile],
        null, TimeSpan.FromMinutes(2));
}
