using System.Collections.Concurrent;
using System.Net;
using Fabric.Bgp;
using Fabric.Bgp.Speaker;
using Fabric.Bgp.Tests;
using Fabric.Primitives;
using Fabric.SoftGate.Evpn;
using Fabric.SoftGate.Tests.Lab;
using static Fabric.SoftGate.Tests.Evpn.Samples;

namespace Fabric.SoftGate.Tests.Evpn;

/// <summary>The node and a route reflector that has nothing more to say: whoever waits for completeness must not wait for another route.</summary>
public sealed class EvpnCompletenessTests
{
    private static readonly Asn s_asn = new(65011);
    private static readonly IpAddr s_address = IpAddr.Parse("127.0.0.1");

    [Fact]
    public async Task Is_seen_each_time_whoever_is_faster_reader_or_speaker()
    {
        var state = State();
        state = state with { Node = state.Node with { Loopback = s_address, EvpnPeers = [new(s_address, s_asn)] } };
        for (var round = 0; round < 60; round++)
        {
            // A new one each time: one that loses its peer again and again lets it wait.
            await using var reflector = new BgpSpeaker(new() { LocalAsn = s_asn, RouterId = s_address, Listen = [new IPEndPoint(IPAddress.Loopback, 0)] });
            reflector.SetListenRanges([new(IpPrefix.Parse("127.0.0.0/8"), new() { Address = s_address, RemoteAsn = null, Families = [AddressFamily.L2VpnEvpn] })]);
            var log = new ConcurrentQueue<string>();
            using var loop = new TestLoop();
            await using var service = new EvpnService(
                new() { Port = (ushort)reflector.Endpoints[0].Port, ConnectRetry = TimeSpan.FromSeconds(1) }, new Learnt(), loop.Post, log.Enqueue);
            loop.Ask(() =>
            {
                service.Follow(state);
                return 0;
            });
            await Eventually.True(() => loop.Ask(() => service.IsComplete), () => $"round {round}: {loop.Ask(() => service.Sessions)} sessions\n{string.Join('\n', log)}");
        }
    }
}
