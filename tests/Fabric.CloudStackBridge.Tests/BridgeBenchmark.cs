using System.Diagnostics;
using System.Globalization;
using Fabric.CloudStackBridge.Tests.Support;

namespace Fabric.CloudStackBridge.Tests;

/// <summary>
/// A thousand VPCs with three tiers and ten rules each, made through the bridge as CloudStack makes them. Only <c>make bench-cloudstack</c> runs it;
/// <c>FABRIC_BENCH_VPCS</c> says how many.
/// </summary>
public sealed class BridgeBenchmark(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Clients = 4;
    private static readonly TimeSpan LongestList = TimeSpan.FromMilliseconds(100);
    private readonly BridgeHost _host = new() { Quiet = TimeSpan.FromSeconds(2), Latest = TimeSpan.FromSeconds(10) };

    public ValueTask InitializeAsync() => _host.InitializeAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact(Explicit = true)]
    public async Task With_all_of_it_there_lists_take_less_than_a_tenth_of_a_second()
    {
        var vpcs = int.Parse(Environment.GetEnvironmentVariable("FABRIC_BENCH_VPCS") ?? "1000", CultureInfo.InvariantCulture);
        var tenant = new { id = _host.Tenant, name = "Admin" };
        var sites = new[] { new { id = _host.Site, name = "Datacenter-1" } };
        await _host.CreateAsync("/api/v2/ipam/allocation", new { name = "public", prefix = "198.18.0.0/15", tenant, vpc = new { id = _host.SystemVpc } });
        await _host.CreateAsync("/api/v2/ipam/subnet", new { name = "public", prefix = "198.18.0.0/15", purpose = "common", tenant, vpc = new { id = _host.SystemVpc }, sites });
        var times = new List<TimeSpan>();
        var next = 0;
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ =>
        {
            while (Interlocked.Increment(ref next) is var v && v <= vpcs)
            {
                await MakeAsync(v, tenant, sites, times);
            }
        }));
        var took = Stopwatch.GetElapsedTime(started);
        times.Sort();
        output.WriteLine($"{vpcs} VPCs, {3 * vpcs} tiers, {10 * vpcs} rules: {times.Count} writes by {Clients} clients in {took.TotalSeconds:F1} s: {times.Count / took.TotalSeconds:F0}/s, "
            + $"p50 {At(times, 0.5):F1} ms, p99 {At(times, 0.99):F1} ms, longest {times[^1].TotalMilliseconds:F1} ms");
        started = Stopwatch.GetTimestamp();
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        while (!await _host.IsSettledAsync())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, deadline.Token);
        }

        output.WriteLine($"all rules in force {Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s after the last write");
        var vpc = (await _host.RowsAsync("/api/v2/vpc"))[^1]["id"]!.GetValue<int>();
        var slow = new List<string>();
        foreach (var path in new[]
        {
            "/api/v2/vpc", $"/api/v2/vpc/{vpc}/resources", $"/api/v2/ipam?filterBySites={_host.Site}&filterByVpc={vpc}", $"/api/v2/ipam?filterBySites={_host.Site}&filterByVpc={_host.SystemVpc}",
            $"/api/v2/ipam/subnets?filterByVpc={vpc}", "/api/v2/vnet", $"/api/v2/vnet?filterByVpc={vpc}", "/api/v2/nat", $"/api/v2/l4lb?filterBySites={_host.Site}&filterByVpc={vpc}",
            $"/api/acl?filterBySites={_host.Site}&filterByVpc={vpc}", $"/api/routes?filterBySites={_host.Site}&filterByVpc={vpc}",
        })
        {
            var reads = new List<TimeSpan>();
            for (var i = 0; i < 30; i++)
            {
                started = Stopwatch.GetTimestamp();
                await _host.TextAsync(path);
                reads.Add(Stopwatch.GetElapsedTime(started));
            }

            reads.Sort();
            output.WriteLine($"GET {path,-48} p50 {At(reads, 0.5),7:F1} ms   longest {reads[^1].TotalMilliseconds,7:F1} ms");
            if (reads[reads.Count / 2] > LongestList)
            {
                slow.Add(path);
            }
        }

        Assert.Empty(slow);
    }

    private static double At(List<TimeSpan> sorted, double part) => sorted[(int)(part * (sorted.Count - 1))].TotalMilliseconds;

    private async Task MakeAsync(int number, object tenant, object[] sites, List<TimeSpan> times)
    {
        async Task<int> PostAsync(string path, object body)
        {
            var started = Stopwatch.GetTimestamp();
            var made = await _host.CreateAsync(path, body);
            lock (times)
            {
                times.Add(Stopwatch.GetElapsedTime(started));
            }

            return made;
        }

        var prefix = $"D1-A2-Z1-V{number}";
        var address = $"198.{18 + (number / 65536)}.{number / 256 % 256}.{number % 256}/32";
        var id = await PostAsync("/api/v2/vpc", new { name = $"{prefix}-vpc", adminTenant = tenant });
        var vpc = new { id };
        await PostAsync("/api/v2/ipam/allocation", new { name = $"{prefix}-10.0.0.0/16", prefix = "10.0.0.0/16", tenant, vpc });
        await PostAsync("/api/v2/ipam/subnet", new { name = $"{prefix}-{address}", prefix = address, purpose = "nat", tenant, vpc = new { id = _host.SystemVpc }, sites });
        await PostAsync("/api/v2/nat", new { name = $"{prefix}-SNAT", action = "SNAT", protocol = "all", state = "enabled", sourceAddress = "10.0.0.0/16", destinationAddress = "0.0.0.0/0", snatToIP = address, vpc });
        for (var tier = 1; tier <= 3; tier++)
        {
            await PostAsync("/api/v2/ipam/subnet", new { name = $"{prefix}-10.0.{tier}.0/24", prefix = $"10.0.{tier}.0/24", purpose = "common", tenant, vpc, sites });
            await PostAsync("/api/v2/vnet", new
            {
                name = $"{prefix}-N{(number * 10) + tier}-tier",
                vxlanID = 1_000_000 + (number * 10) + tier,
                vpc,
                sites,
                state = "active",
                tags = new[] { "CS" },
                gateways = new[] { new { prefix = $"10.0.{tier}.1/24" } },
            });
        }

        for (var rule = 0; rule < 10; rule++)
        {
            await PostAsync("/api/acl", new
            {
                name = $"{prefix}-N{(number * 10) + (rule % 3) + 1}-ACL{rule}",
                action = "permit",
                proto = "tcp",
                src_prefix = "0.0.0.0/0",
                dst_prefix = $"10.0.{(rule % 3) + 1}.0/24",
                dst_port_from = 1000 + rule,
                dst_port_to = 1000 + rule,
                vpc,
            });
        }
    }
}
