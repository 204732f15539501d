using System.Collections.Immutable;
using Fabric.Intent;
using Fabric.Intent.Changes;
using Fabric.Intent.Resources;
using Fabric.Primitives;

namespace Fabric.TestKit.Intent;

/// <summary>
/// Builds intent from a compact description, by the same change sets that the API makes. What is described since the last look
/// at <see cref="Snapshot"/> goes into one change set.
/// </summary>
/// <remarks>
/// Ports: a spine and a leaf have <c>up1</c>, <c>up2</c>, … towards each other, a leaf <c>hv1</c>, … towards its hypervisors and
/// <c>srv1</c>..<c>srv4</c> for servers, a hypervisor <c>up1</c>, <c>up2</c> towards its pair of leaves.
/// </remarks>
public sealed class TestFabric
{
    private const string HostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFabricTestKitHostKeyOfNoDeviceAtAll0000000000";
    private readonly Dictionary<ResourceKey, (int Index, ResourceSpec Spec)> _open = [];
    private readonly List<Change> _changes = [];
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);
    private IntentSnapshot _snapshot;
    private int _nextManagement = 1;

    /// <summary>A fabric with one site.</summary>
    /// <param name="site">The site's name.</param>
    /// <param name="spec">The site; null: a site with one controller and every default.</param>
    /// <param name="on">What there is already; null: nothing.</param>
    public TestFabric(string site = "dc1", SiteSpec? spec = null, IntentSnapshot? on = null)
    {
        _snapshot = on ?? IntentSnapshot.Empty;
        Site = site;
        Apply(ResourceKind.Site, site, spec ?? new SiteSpec { Controllers = [IpAddr.Parse("172.31.255.1")] });
    }

    /// <summary>Name of the site that devices and V-Nets go to.</summary>
    public string Site { get; }

    /// <summary>The intent, after everything described so far.</summary>
    /// <exception cref="InvalidOperationException">The description was refused.</exception>
    public IntentSnapshot Snapshot
    {
        get
        {
            Commit();
            return _snapshot;
        }
    }

    /// <summary>The outcome of the last change set.</summary>
    public Evaluation? Last { get; private set; }

    /// <summary>Adds spines.</summary>
    public TestFabric Spines(int count) => Devices(DeviceRole.Spine, count);

    /// <summary>Adds leaves, each cabled to every spine described before it.</summary>
    /// <param name="count">How many.</param>
    /// <param name="serverPorts">Ports <c>srv1</c>, … of each.</param>
    /// <param name="tags">Tags of a server port, by its number from 1.</param>
    public TestFabric Leaves(int count, int serverPorts = 4, Func<int, IReadOnlyList<string>>? tags = null)
    {
        for (var i = 0; i < count; i++)
        {
            var name = Next("leaf");
            Device(name, DeviceRole.Leaf, Enumerable.Range(1, serverPorts).Select(p => new PortSpec { Name = $"srv{p}", Tags = tags?.Invoke(p) ?? [] }));
            for (var spine = 1; spine <= _counts.GetValueOrDefault("spine"); spine++)
            {
                Cable($"spine{spine}", $"up{PortCount($"spine{spine}", "up") + 1}", name, $"up{spine}");
            }
        }

        return this;
    }

    /// <summary>Adds hypervisors, spread over the pairs of leaves described before them, each cabled to both of its pair.</summary>
    public TestFabric Hypervisors(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var name = Next("hypervisor");
            Device(name, DeviceRole.Hypervisor, []);
            var leaves = _counts.GetValueOrDefault("leaf");
            var pairs = (leaves + 1) / 2;
            for (var side = 1; side <= 2 && leaves > 0; side++)
            {
                var leaf = ((_counts["hypervisor"] - 1) % pairs * 2) + side;
                if (leaf <= leaves)
                {
                    Cable($"leaf{leaf}", $"hv{PortCount($"leaf{leaf}", "hv") + 1}", name, $"up{side}");
                }
            }
        }

        return this;
    }

    /// <summary>Adds a pair of SoftGates, each cabled to the first two leaves and with port <c>wan</c> and an address towards an upstream router.</summary>
    public TestFabric SoftGates(int count = 2)
    {
        for (var i = 1; i <= count; i++)
        {
            Device(Next("softgate"), DeviceRole.Softgate, [new PortSpec { Name = "wan" }]);
            for (var leaf = 1; leaf <= Math.Min(2, _counts.GetValueOrDefault("leaf")); leaf++)
            {
                Cable($"leaf{leaf}", $"sg{i}", $"softgate{i}", $"up{leaf}");
            }
        }

        return Apply(ResourceKind.SoftGatePair, "pair", new SoftGatePairSpec
        {
            Site = Site,
            SoftGates = Enumerable.Range(1, count).Select(static i => $"softgate{i}").ToValueList(),
            Upstreams = Enumerable.Range(1, count).Select(static i => new UpstreamSpec
            {
                SoftGate = $"softgate{i}",
                Port = "wan",
                Addresses = [IpInterface.Parse($"100.64.{i}.1/31")],
                Peers = [new UpstreamPeerSpec(IpAddr.Parse($"100.64.{i}.0"), new Asn(65500))],
            }).ToValueList(),
        });
    }

    /// <summary>Adds a device with a management address of its own.</summary>
    public TestFabric Device(string name, DeviceRole role, IEnumerable<PortSpec> ports)
    {
        var managed = role is DeviceRole.Spine or DeviceRole.Leaf or DeviceRole.Hypervisor or DeviceRole.Softgate;
        var number = _nextManagement++;
        return Apply(ResourceKind.Device, name, new DeviceSpec
        {
            Site = Site,
            Role = role,
            Os = !managed ? null : role is DeviceRole.Hypervisor or DeviceRole.Softgate ? "kvm-host" : "frr-linux",
            Management = managed
                ? new ManagementSpec { Address = IpAddr.Parse($"172.31.{number / 250}.{(number % 250) + 1}"), HostKeys = [HostKey] }
                : null,
            Ports = [.. ports],
        });
    }

    /// <summary>Adds a cable, and the ports it needs.</summary>
    public TestFabric Cable(string deviceA, string portA, string deviceB, string portB)
    {
        foreach (var (device, port) in new[] { (deviceA, portA), (deviceB, portB) })
        {
            if (Spec<DeviceSpec>(ResourceKind.Device, device).Ports.All(p => p.Name != port))
            {
                Change<DeviceSpec>(ResourceKind.Device, device, d => d with { Ports = [.. d.Ports, new PortSpec { Name = port }] });
            }
        }

        return Apply(ResourceKind.Link, $"{deviceA}:{portA}-{deviceB}:{portB}", new LinkSpec
        {
            A = new PortRef { Device = deviceA, Port = portA },
            B = new PortRef { Device = deviceB, Port = portB },
        });
    }

    /// <summary>Adds a VPC, and its tenant where it is new.</summary>
    public TestFabric Vpc(string name, string tenant = "acme")
    {
        if (Find(new(ResourceKind.Tenant, tenant)) is null)
        {
            Apply(ResourceKind.Tenant, tenant, new TenantSpec());
        }

        return Apply(ResourceKind.Vpc, name, new VpcSpec { Tenant = tenant });
    }

    /// <summary>Adds a V-Net, or replaces the one there is.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="vpc">Its VPC.</param>
    /// <param name="vni">Its VNI, where it is given.</param>
    /// <param name="gateways">Gateways, as <c>10.0.1.1/24</c>.</param>
    /// <param name="on">
    /// Attachments: <c>hypervisors</c>, <c>leaf1:srv1</c>, <c>leaf1:srv1 vlan 100</c>, <c>tag red</c>, <c>tag red vlan 100</c>.
    /// </param>
    public TestFabric VNet(string name, string vpc, long? vni = null, string[]? gateways = null, params string[] on) => Apply(
        ResourceKind.VNet,
        name,
        new VNetSpec
        {
            Site = Site,
            Vpc = vpc,
            Vni = vni is { } number ? new Vni(number) : null,
            Gateways = [.. (gateways ?? []).Select(IpInterface.Parse)],
            Attachments = [.. on.Select(Attachment)],
        });

    /// <summary>Makes a resource or replaces the one there is.</summary>
    public TestFabric Apply(ResourceKind kind, string name, ResourceSpec spec) => Put(new(kind, name), ChangeOperation.Apply, spec);

    /// <summary>Replaces a resource by a function of what it is.</summary>
    public TestFabric Change<T>(ResourceKind kind, string name, Func<T, T> change)
        where T : ResourceSpec => Apply(kind, name, change(Spec<T>(kind, name)));

    /// <summary>Removes a resource.</summary>
    public TestFabric Delete(ResourceKind kind, string name) => Put(new(kind, name), ChangeOperation.Delete, null);

    /// <summary>Evaluates what was described since the last change set; nothing is kept when it is refused.</summary>
    public Evaluation Try()
    {
        var evaluation = ChangeSetEvaluator.Evaluate(_snapshot, [.. _changes]);
        _changes.Clear();
        _open.Clear();
        _snapshot = evaluation.After;
        return Last = evaluation;
    }

    /// <summary>Ends the change set.</summary>
    /// <exception cref="InvalidOperationException">It was refused.</exception>
    public Evaluation Commit()
    {
        if (_changes.Count == 0)
        {
            return Last!;
        }

        var evaluation = Try();
        return evaluation.Accepted
            ? evaluation
            : throw new InvalidOperationException(string.Join("\n", evaluation.Errors.Select(e => $"{e.Key}{e.Pointer}: {e.Message}")));
    }

    /// <summary>The snapshot after a device has been read without anything that was taken from it.</summary>
    public TestFabric Prove(string device)
    {
        var snapshot = Snapshot;
        var table = snapshot.Identifiers;
        foreach (var pending in table.PendingOn(snapshot.Find(ResourceKind.Device, device)!.Uid).ToImmutableArray())
        {
            table = table.Proved(pending);
        }

        _snapshot = snapshot.With(table);
        return this;
    }

    /// <summary>The spec of a resource, with what was described since the last change set.</summary>
    public T Spec<T>(ResourceKind kind, string name)
        where T : ResourceSpec => (T)(Find(new(kind, name)) ?? throw new ArgumentException($"there is no {kind} '{name}'", nameof(name)));

    /// <summary>An attachment from its short text.</summary>
    public static AttachmentSpec Attachment(string text)
    {
        var words = text.Split(' ');
        var vlan = words.Length > 2 && words[^2] == "vlan" ? VlanId.Parse(words[^1]) : default(VlanId?);
        return words[0] switch
        {
            "hypervisors" => new AttachmentSpec { Hypervisors = true },
            "tag" => new AttachmentSpec { Tag = words[1], Vlan = vlan },
            _ => new AttachmentSpec { Port = new PortRef { Device = words[0].Split(':')[0], Port = words[0].Split(':')[1] }, Vlan = vlan },
        };
    }

    private TestFabric Devices(DeviceRole role, int count)
    {
        for (var i = 0; i < count; i++)
        {
            Device(Next(role.ToString().ToLowerInvariant()), role, []);
        }

        return this;
    }

    private string Next(string prefix) => $"{prefix}{_counts[prefix] = _counts.GetValueOrDefault(prefix) + 1}";

    private int PortCount(string device, string prefix) =>
        Spec<DeviceSpec>(ResourceKind.Device, device).Ports.Count(p => p.Name.StartsWith(prefix, StringComparison.Ordinal));

    private ResourceSpec? Find(ResourceKey key) => _open.TryGetValue(key, out var open) ? open.Spec : _snapshot.Find(key)?.Spec;

    private TestFabric Put(ResourceKey key, ChangeOperation operation, ResourceSpec? spec)
    {
        if (_open.TryGetValue(key, out var open))
        {
            _changes[open.Index] = new Change(operation, key, spec);
            _open[key] = (open.Index, spec!);
            return this;
        }

        _open[key] = (_changes.Count, spec!);
        _changes.Add(new Change(operation, key, spec));
        return this;
    }
}
