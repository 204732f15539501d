using System.Text;
using System.Text.Json;
using Fabric.Primitives;

namespace Fabric.SoftGate.Contracts.Tests;

public sealed class SoftGateJsonTests
{
    private static readonly SoftGateState State = new()
    {
        Revision = 7,
        Node = new()
        {
            Name = "softgate1",
            Asn = new Asn(65101),
            Loopback = IpAddr.Parse("10.255.3.1"),
            DeviceNumber = 9,
            FabricNumber = 100,
            ServiceVtep = IpAddr.Parse("10.255.4.1"),
            RouterMac = MacAddress.Parse("02:00:00:00:01:01"),
            GatewayMac = MacAddress.Parse("02:00:00:00:01:02"),
            UnderlayPorts = ["eth1", "eth2"],
            UnderlayMtu = 9000,
            EvpnPeers = [new(IpAddr.Parse("10.255.1.1"), new Asn(65011))],
            Upstreams = [new() { Port = "eth3", Addresses = [IpInterface.Parse("198.51.100.1/31")], Peers = [new(IpAddr.Parse("198.51.100.0"), new Asn(64999))] }],
        },
        Vpcs = [new() { Uid = 3, Name = "red", L3Vni = Vni.Parse("5000"), Owner = "softgate1", RoutedIpv6 = false }],
        VNets = [new() { Uid = 4, Name = "red-web", Vpc = 3, Vni = Vni.Parse("10100"), Gateways = [IpInterface.Parse("10.0.1.1/24")], Mtu = 0 }],
        Nat = [new() { Uid = 5, Vpc = 3, Kind = SoftGateNatKind.Source, Public = [IpAddr.Parse("203.0.113.1")] }],
        AccessLists = [new() { Uid = 6, Name = "web-in", Rules = [new() { Number = 1, Permit = true, Protocol = 6, Ports = [new(80, 443)] }] }],
    };

    [Fact]
    public void A_state_comes_back_as_it_was() => Assert.Equal(State, SoftGateJson.Read(SoftGateJson.Write(State)));

    [Fact]
    public void Values_that_differ_from_the_default_are_written_even_when_they_are_false_or_zero()
    {
        var back = SoftGateJson.Read(SoftGateJson.Write(State));
        Assert.False(back.Vpcs[0].RoutedIpv6);
        Assert.Equal(0, back.VNets[0].Mtu);
    }

    [Fact]
    public void Members_of_a_newer_controller_are_ignored()
    {
        var text = Encoding.UTF8.GetString(SoftGateJson.Write(State)).Replace("\"revision\":7", "\"revision\":7,\"later\":{\"x\":1}", StringComparison.Ordinal);
        Assert.Equal(State, SoftGateJson.Read(Encoding.UTF8.GetBytes(text)));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{\"revision\":1}")]
    [InlineData("{\"revision\":1,\"revision\":2}")]
    [InlineData("[]")]
    public void What_is_no_state_is_refused(string json) =>
        Assert.Throws<JsonException>(() => SoftGateJson.Read(Encoding.UTF8.GetBytes(json)));

    [Theory]
    [InlineData("\"vpcs\":null")]
    [InlineData("\"vpcs\":{}")]
    [InlineData("\"nat\":[{\"uid\":1,\"vpc\":1,\"kind\":0}]")]
    [InlineData("\"vnets\":[{\"uid\":1,\"name\":\"a\",\"vpc\":1,\"vni\":0}]")]
    public void A_wrong_member_is_refused(string member)
    {
        var text = Encoding.UTF8.GetString(SoftGateJson.Write(State with { Vpcs = [], Nat = [], VNets = [] }));
        var name = member[..(member.IndexOf(':', StringComparison.Ordinal) + 1)].Replace("vnets", "vNets", StringComparison.Ordinal);
        var broken = text.Replace($"{name}[]", member.Replace("\"vnets\"", "\"vNets\"", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.NotEqual(text, broken);
        Assert.Throws<JsonException>(() => SoftGateJson.Read(Encoding.UTF8.GetBytes(broken)));
    }
}
