using System.Buffers;
using System.Collections.Immutable;
using Fabric.Bgp.Attributes;
using Fabric.Bgp.Evpn;
using Fabric.Bgp.Rib;
using Fabric.Bgp.Speaker;
using Fabric.Bgp.Transport;
using Fabric.Bgp.Wire;
using Fabric.Primitives;

namespace Fabric.Bgp.Tests.Speaker;

/// <summary>
/// Whatever peers send, however slowly some of them read, whenever sessions come and go: in the end each knows exactly the best routes
/// that it may have.
/// </summary>
public sealed class RouteEngineProperties
{
    private static readonly Asn Own = new(65000);

    [Theory]
    [InlineData(PeerRole.ReflectorClient, false, 1)]
    [InlineData(PeerRole.ReflectorClient, true, 2)]
    [InlineData(PeerRole.RouteServerClient, false, 3)]
    [InlineData(PeerRole.RouteServerClient, true, 4)]
    public async Task Clients_end_up_with_the_best_routes_of_the_others(PeerRole role, bool filtered, int seed)
    {
        for (var round = 0; round < 12; round++)
        {
            await RunAsync(role, filtered, new Random((seed * 100) + round));
        }
    }

    private static async Task RunAsync(PeerRole role, bool filtered, Random random)
    {
        await using var engine = new RouteEngine(new(Own, IpAddr.Parse("10.0.0.9"), IpAddr.Parse("10.0.0.9")), TimeProvider.System, announceAllTargets: false, highWater: random.Next(2) == 0 ? 400 : 4 << 20)
        {
            OnFault = e => Assert.Fail(e.ToString()),
        };
        var clients = Enumerable.Range(1, 4).Select(i => new Client(engine, i, role, filtered)).ToList();
        var model = new Dictionary<(int Client, string Mac), PathAttributes>();
        clients.ForEach(static c => c.Connect());
        for (var step = 0; step < 300; step++)
        {
            var client = clients[random.Next(clients.Count)];
            switch (random.Next(20))
            {
                case 0:
                    client.Disconnect();
                    model.Keys.Where(k => k.Client == client.Number).ToList().ForEach(k => model.Remove(k));
                    client.Connect();
                    break;
                case 1:
                    client.Reads = !client.Reads;
                    break;
                case 2 or 3 when filtered:
                    client.Want(random.Next(4), random.Next(3) > 0);
                    break;
                default:
                    var macs = Enumerable.Range(0, random.Next(1, 20)).Select(_ => $"02:00:00:00:00:{random.Next(40):x2}").Distinct().ToList();
                    if (random.Next(3) == 0)
                    {
                        client.Send(Samples.Withdraw([.. macs.Select(m => Samples.MacIp(m))]));
                        macs.ForEach(m => model.Remove((client.Number, m)));
                    }
                    else
                    {
                        var attributes = client.Attributes(random.Next(4), random.Next(3));
                        client.Send(Samples.Announce(attributes, [.. macs.Select(m => Samples.MacIp(m))]));
                        macs.ForEach(m => model[(client.Number, m)] = attributes);
                    }

                    break;
            }
        }

        clients.ForEach(static c => c.Reads = true);
        foreach (var client in clients)
        {
            // The others' best, if it is not the client's own and carries a target that the client wants.
            var expected = model.GroupBy(static m => m.Key.Mac)
                .Select(g => g.MinBy(m => (m.Value.AsPath.Length, m.Key.Client)))
                .Where(b => b.Key.Client != client.Number && (!filtered || client.Wants(b.Value)))
                .Select(b => $"{b.Key.Mac} {b.Value.NextHop}").ToHashSet();
            await Eventually.True(() => client.Known().SetEquals(expected), $"client {client.Number} knows {expected.Count} routes");
        }

        clients.ForEach(static c => c.Disconnect());
        await Eventually.True(() => engine.Count(FamilyIndex.Evpn) == 0 && engine.Ask(static t => t.Sets.Count + t.Dying) == 0, "nothing is left");
    }

    /// <summary>A client: what it sends goes to the engine as its reader would hand it over; what it is sent it decodes.</summary>
    private sealed class Client : IBgpConnection, IEnginePeerEvents
    {
        private readonly RouteEngine _engine;
        private readonly EnginePeer _peer;
        private readonly SessionContext _context;
        private readonly Lock _lock = new();
        private readonly Dictionary<string, string> _known = [];
        private readonly HashSet<int> _wanted = [];
        private readonly bool _filtered;
        private volatile bool _reads = true;
        private TaskCompletionSource _readable = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private OutputQueue? _output;
        private int _generation;

        public Client(RouteEngine engine, int number, PeerRole role, bool filtered)
        {
            _engine = engine;
            Number = number;
            _filtered = filtered;
            var address = IpAddr.V4(0x0a09_0000 + (uint)number);
            _peer = new EnginePeer(new SpeakerPeerConfig { Address = address, Role = role, OpenWithoutPolicy = true }) { Events = this };
            ImmutableArray<AddressFamily> families = filtered ? [AddressFamily.L2VpnEvpn, AddressFamily.RouteTargetMembership] : [AddressFamily.L2VpnEvpn];
            _context = new SessionContext(true, role == PeerRole.ReflectorClient, families);
            engine.Enter(_peer);
        }

        public int Number { get; }

        public string LocalEndpoint => "";

        public bool Reads
        {
            get => _reads;
            set
            {
                _reads = value;
                if (value)
                {
                    _readable.TrySetResult();
                }
                else if (_readable.Task.IsCompleted)
                {
                    _readable = new(TaskCreationOptions.RunContinuationsAsynchronously);
                }
            }
        }

        public PathAttributes Attributes(int target, int length) => Samples.Attributes(
            $"10.1.{Number}.{target}", $"100:{target}", [.. Enumerable.Range(0, length + 1).Select(i => 64600 + (uint)i)]);

        public bool Wants(PathAttributes attributes) => attributes.RouteTargets.Any(t => _wanted.Contains((int)(t.Bits & 0xff)));

        public void Connect()
        {
            lock (_lock)
            {
                _known.Clear();
            }

            _wanted.Clear();
            _generation++;
            _output = new OutputQueue(TimeProvider.System);
            _engine.Up(_peer, _generation, new EngineSession(_peer.Config.Address, _context, IpAddr.Parse("10.0.0.9"), _output));
            _ = new Reader(this, _output).RunAsync();
            if (_filtered)
            {
                var end = new RouteBatch(_peer, ArrayPool<byte>.Shared.Rent(16), 0, static _ => { }) { Generation = _generation };
                end.Runs.Add(new RouteRun(RunKind.EndOfRib, FamilyIndex.RouteTargetMembership, [], 0, 0, false, null));
                _engine.Post(end);
            }
        }

        public void Disconnect()
        {
            _output!.Complete();
            _output = null;
            _engine.Down(_peer, []);
        }

        public void Want(int target, bool wanted)
        {
            if (wanted ? !_wanted.Add(target) : !_wanted.Remove(target))
            {
                return;
            }

            byte[] nlri = [96, 0, 0, 0xfd, 0xe8, 0, 2, 0, 100, 0, 0, 0, (byte)target];
            Post(wanted ? RunKind.Announce : RunKind.Withdraw, FamilyIndex.RouteTargetMembership, nlri, wanted ? Samples.Attributes() : null);
        }

        public void Send(UpdateMessage update)
        {
            var scan = UpdateScanner.Scan(Samples.Encode(update, _context).AsSpan(BgpFrame.HeaderLength), _context);
            if (!scan.Unreach.IsEmpty)
            {
                Post(RunKind.Withdraw, FamilyIndex.Evpn, scan.Unreach, null);
            }

            if (!scan.Reach.IsEmpty)
            {
                Post(RunKind.Announce, FamilyIndex.Evpn, scan.Reach, scan.Attributes);
            }
        }

        public HashSet<string> Known()
        {
            lock (_lock)
            {
                return [.. _known.Select(static k => $"{k.Key} {k.Value}")];
            }
        }

        public void Complete(AddressFamily family)
        {
        }

        public void ManyPrefixes(AddressFamily family, int routes, int limit)
        {
        }

        public void TooSlow()
        {
        }

        public void TooManyPrefixes(AddressFamily family, int routes, int limit)
        {
        }

        public ValueTask WaitReadableAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask SendAsync(IList<ArraySegment<byte>> parts, CancellationToken cancellationToken) => throw new NotSupportedException();

        public void ShutdownSend()
        {
        }

        public void Dispose()
        {
        }

        private void Post(RunKind kind, FamilyIndex family, ReadOnlySpan<byte> routes, PathAttributes? attributes)
        {
            var buffer = ArrayPool<byte>.Shared.Rent(routes.Length);
            routes.CopyTo(buffer);
            var batch = new RouteBatch(_peer, buffer, routes.Length, static _ => { }) { Generation = _generation };
            batch.Runs.Add(new RouteRun(kind, family, buffer, 0, routes.Length, false, attributes));
            _engine.Post(batch);
        }

        /// <summary>Takes what is sent in one session, when the client reads.</summary>
        private sealed class Reader(Client client, OutputQueue output) : IBgpConnection
        {
            public string LocalEndpoint => "";

            public Task RunAsync() => output.SendAllAsync(this, CancellationToken.None);

            public async ValueTask SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
            {
                if (!client._reads)
                {
                    await client._readable.Task.WaitAsync(cancellationToken);
                }

                lock (client._lock)
                {
                    if (client._output != output)
                    {
                        return;
                    }

                    for (var rest = data.Span; !rest.IsEmpty;)
                    {
                        Assert.Equal(FrameStatus.Complete, BgpFrame.Read(rest, BgpFrame.MaxLength, out _, out var length, out _));
                        Take(UpdateMessage.Decode(rest[BgpFrame.HeaderLength..length], client._context));
                        rest = rest[length..];
                    }
                }
            }

            public async ValueTask SendAsync(IList<ArraySegment<byte>> parts, CancellationToken cancellationToken)
            {
                foreach (var part in parts.ToList())
                {
                    await SendAsync(part, cancellationToken);
                }
            }

            public ValueTask WaitReadableAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

            public ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken) => throw new NotSupportedException();

            public void ShutdownSend()
            {
            }

            public void Dispose()
            {
            }

            private void Take(UpdateMessage update)
            {
                Assert.Empty(update.Problems);
                foreach (var route in update.EvpnWithdrawn.MacIp)
                {
                    client._known.Remove(route.Key.Mac.ToString());
                }

                foreach (var route in update.EvpnAnnounced.MacIp)
                {
                    client._known[route.Key.Mac.ToString()] = update.Attributes!.NextHop.ToString()!;
                }
            }
        }
    }
}
