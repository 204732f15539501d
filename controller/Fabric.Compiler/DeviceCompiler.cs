using System.Collections.Immutable;
using Fabric.Drivers.Contract;
using Fabric.Drivers.State;
using Fabric.Intent;
using Fabric.Intent.Identifiers;
using Fabric.Intent.Resources;
using Fabric.Primitives;

namespace Fabric.Compiler;

/// <summary>
/// Turns intent into the desired state of one device. Pure: the same snapshot and capabilities give the same state, and its cost
/// depends on what the device carries, not on the size of the fabric.
/// </summary>
public sealed class DeviceCompiler
{
    private static readonly Bridge TheBridge = new();

    private readonly IntentSnapshot _snapshot;
    private readonly Resource _device;
    private readonly DeviceSpec _spec;
    private readonly DeviceCapabilities _capabilities;
    private readonly Resource _site;
    private readonly SiteSpec _siteSpec;
    private readonly DeviceIdentity _identity;
    private readonly Dictionary<ObjectKey, DeviceObject> _objects = [];
    private readonly Dictionary<ObjectKey, Origin> _origins = [];
    private readonly List<Shortfall> _shortfalls = [];
    private readonly HashSet<Vni> _routed = [];
    private readonly ushort _fabricNumber;

    private DeviceCompiler(IntentSnapshot snapshot, Resource device, DeviceCapabilities capabilities)
    {
        _snapshot = snapshot;
        _device = device;
        _spec = (DeviceSpec)device.Spec;
        _capabilities = capabilities;
        _site = snapshot.Find(ResourceKind.Site, _spec.Site)!;
        _siteSpec = (SiteSpec)_site.Spec;
        _identity = DeviceIdentity.Of(snapshot, device);
        _fabricNumber = (ushort)snapshot.NumberOf(IdentifierSpace.FabricNumber, 0, new(_site.Uid));
    }

    /// <summary>The MTU that VXLAN leaves of the underlay's: outer IPv4, UDP, VXLAN and inner Ethernet headers take 50 octets (RFC 7348 section 5).</summary>
    private int OverlayMtu => _siteSpec.Underlay.Mtu - 50;

    /// <summary>Compiles a managed device.</summary>
    /// <param name="snapshot">All of the intent.</param>
    /// <param name="device">A Device resource of the snapshot with a managed role.</param>
    /// <param name="capabilities">What the device can do.</param>
    public static DeviceCompilation Compile(IntentSnapshot snapshot, Resource device, DeviceCapabilities capabilities)
    {
        var compiler = new DeviceCompiler(snapshot, device, capabilities);
        compiler.Underlay();
        compiler.VNets();
        return new DeviceCompilation(
            DeviceState.Of(compiler._objects.Values), compiler._origins, [.. compiler._shortfalls]);
    }

    private void Underlay()
    {
        if (_spec.Role is DeviceRole.Spine or DeviceRole.Leaf)
        {
            Add(new SystemSettings(), _device);
        }

        foreach (var loopback in _identity.Loopbacks)
        {
            Add(new LoopbackAddress(loopback), _device);
            Add(new BgpNetwork(loopback), _device);
        }

        var services = _spec.Role == DeviceRole.Softgate ? SoftGatePairs.ServiceVteps(_snapshot, _device) : [];
        foreach (var (vtep, owner) in services)
        {
            Add(new LoopbackAddress(vtep), owner);
            Add(new BgpNetwork(vtep, StandIn: owner.Uid != _device.Uid), owner);
        }

        var underlay = _siteSpec.Underlay;
        var bfd = underlay.Bfd && _capabilities.RunsBfd ? new BfdTimers(underlay.BfdIntervalMilliseconds, underlay.BfdMultiplier) : null;
        Add(
            new BgpInstance(
                _identity.Asn,
                _identity.RouterId,
                _siteSpec.LoopbackPool,
                _siteSpec.LoopbackPool6,
                bfd,
                IsVtep: _spec.Role is DeviceRole.Leaf or DeviceRole.Hypervisor,
                StandsIn: services.Any(s => s.Owner.Uid != _device.Uid)),
            _device);

        foreach (var (port, link) in Topology.UnderlayPortsOf(_snapshot, _device.Key.Name))
        {
            Add(new UnderlayPort(port, underlay.Mtu), link);
            Add(new FabricNeighbor(port), link);
        }

        foreach (var (pair, upstream) in _spec.Role == DeviceRole.Softgate ? SoftGatePairs.UpstreamsOf(_snapshot, _device) : [])
        {
            Add(new UpstreamPort(upstream.Port), pair);
            if (upstream.Vlan is { } vlan)
            {
                Add(new UpstreamVlan(upstream.Port, vlan), pair);
            }

            foreach (var address in upstream.Addresses)
            {
                Add(new UpstreamAddress(upstream.Port, upstream.Vlan, address), pair);
            }
        }

        if (_spec.Role == DeviceRole.Spine)
        {
            var controllers = Number(IdentifierSpace.Asn, _site.Uid, new(_site.Uid, IdentifierAssigner.ControllersPart));
            foreach (var address in _siteSpec.Controllers)
            {
                Add(new ControllerNeighbor(address, new Asn(controllers)), _site);
            }

            foreach (var softGate in SoftGatePairs.SoftGatesOf(_snapshot, _site.Key.Name))
            {
                var identity = DeviceIdentity.Of(_snapshot, softGate);
                Add(new ControllerNeighbor(identity.RouterId, identity.Asn), softGate);
            }
        }
    }

    private void VNets()
    {
        foreach (var vnet in Placement.VNetsOf(_snapshot, _device))
        {
            var spec = (VNetSpec)vnet.Spec;
            var vni = new Vni(Number(IdentifierSpace.Vni, _site.Uid, new(vnet.Uid)));
            if (_snapshot.Identifiers.IsPendingOn(_device.Uid, IdentifierAssigner.VniScope(_site), vni.Value))
            {
                _shortfalls.Add(new(vnet.Key, ShortfallReason.WaitingForRelease));
            }
            else if (_spec.Role == DeviceRole.Hypervisor)
            {
                Add(new EvpnVni(vni, _identity.Rd(vni), RouteTargetOf(vni)), vnet);
            }
            else if (!_capabilities.BridgesPorts)
            {
                _shortfalls.Add(new(vnet.Key, ShortfallReason.CannotBridgePorts));
            }
            else
            {
                VNetOnLeaf(vnet, spec, vni);
            }
        }
    }

    private void VNetOnLeaf(Resource vnet, VNetSpec spec, Vni vni)
    {
        var vlan = new VlanId((int)Number(IdentifierSpace.Vlan, _device.Uid, new(vnet.Uid)));
        Add(TheBridge, _device);
        Add(new EvpnVni(vni, _identity.Rd(vni), RouteTargetOf(vni)), vnet);
        Add(new VxlanTunnel(vni, vlan, _identity.Vtep, OverlayMtu, SuppressNeighbours: true), vnet);
        foreach (var (port, attachment) in Placement.PortsOf(spec, _device.Key.Name, _spec))
        {
            Add(new BridgePort(port.Name, OverlayMtu), _device);
            Add(new PortVlan(port.Name, vlan, Untagged: attachment.Vlan is null), vnet);
        }

        if (GatewayPlaces.Of(_snapshot, spec) != GatewayPlace.Leaf)
        {
            return;
        }

        if (!_capabilities.RoutesVpcs)
        {
            _shortfalls.Add(new(vnet.Key, ShortfallReason.CannotRoute));
            return;
        }

        var vpc = _snapshot.Find(ResourceKind.Vpc, spec.Vpc)!;
        var l3Vni = new Vni(Number(IdentifierSpace.Vni, _site.Uid, new(vpc.Uid)));
        var l3Vlan = new VlanId((int)Number(IdentifierSpace.Vlan, _device.Uid, new(vpc.Uid)));
        if (_routed.Add(l3Vni))
        {
            Add(new VxlanTunnel(l3Vni, l3Vlan, _identity.Vtep, OverlayMtu, SuppressNeighbours: false), vpc);
            Add(
                new Vrf(
                    l3Vni, l3Vlan, _identity.RouterMac, _identity.Rd(l3Vni), RouteTargetOf(l3Vni), _identity.Asn, _identity.RouterId, OverlayMtu),
                vpc);
        }

        var addresses = spec.Gateways.OrderBy(g => g.Address.IsV4 ? 0 : 1).ThenBy(g => g).ToValueList();
        Add(new GatewayInterface(vlan, l3Vni, _siteSpec.AnycastMac, addresses, OverlayMtu), vnet);
    }

    private RouteTarget RouteTargetOf(Vni vni) => RouteNaming.RouteTarget(_fabricNumber, vni);

    private long Number(IdentifierSpace space, int scopeUid, IdentifierOwner owner) => _snapshot.NumberOf(space, scopeUid, owner);

    private void Add(DeviceObject item, Resource origin)
    {
        var key = item.Key;
        if (_objects.TryAdd(key, item))
        {
            _origins.Add(key, new Origin(origin.Key, origin.Revision));
        }
        else if (!_objects[key].Equals(item))
        {
            throw new InvalidOperationException($"{_device.Key} would have two different {key}: a rule of validation is missing");
        }
    }
}
