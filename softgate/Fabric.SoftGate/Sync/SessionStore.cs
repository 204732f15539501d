using System.Runtime.InteropServices;
using Fabric.SoftGate.Kernel;
using Fabric.SoftGate.Layout;

namespace Fabric.SoftGate.Sync;

/// <summary>The sessions of the data path, as they are told and taken. Calls are safe from several threads.</summary>
internal sealed class SessionStore(DataPathObject path, TimeProvider time)
{
    private readonly BpfMap<Session4Key, Session4> _sessions4 = path.Map<Session4Key, Session4>("sessions4");
    private readonly BpfMap<Session6Key, Session6> _sessions6 = path.Map<Session6Key, Session6>("sessions6");
    private volatile SessionNames? _names;

    /// <summary>The clock of the data path, seconds.</summary>
    internal uint Now => (uint)(time.GetTimestamp() / time.TimestampFrequency);

    /// <summary>Whether there are sessions.</summary>
    internal bool HasAny => _sessions4.Walk().Next(out _, out _) || _sessions6.Walk().Next(out _, out _);

    private SessionNames Names => _names ??= SessionNames.Read(path);

    /// <summary>The maps have other indices now.</summary>
    internal void Renew() => _names = null;

    /// <summary>What an event of the data path is to the partner; null: nothing.</summary>
    internal SyncMessage? Told(ReadOnlySpan<byte> record)
    {
        if (!MemoryMarshal.TryRead<SessionEvent>(record, out var told))
        {
            return null;
        }

        if ((EventKind)told.Header.Kind != EventKind.SessionClose)
        {
            return Names.Told(told.Key, told.Forward, told.Back, Now) is { } session ? new SyncMessage.Session(session) : null;
        }

        // What has come from there and has aged here is not news there.
        return !IsPartners(told.Forward.Flags, told.Back.Flags) && Names.NameOf(told.Key) is { } name ? new SyncMessage.Closed(name) : null;
    }

    /// <summary>Takes a session of the partner.</summary>
    /// <returns>What came of it; null: it is of something that is not here (yet).</returns>
    internal TakeResult? Take(in SessionRecord record) =>
        Names.Here(record, Now) is { } session ? (TakeResult)TestRun.Syscall(path, "fabric_take", session) : null;

    /// <summary>Forgets a session that has ended there, if it has not become ours.</summary>
    internal TakeResult? Forget(in SessionName name) =>
        Names.KeyOf(name) is { } key ? (TakeResult)TestRun.Syscall(path, "fabric_forget", new SessionEvent { Key = key }) : null;

    /// <summary>All sessions, or those of them that packets have come for here since.</summary>
    /// <param name="since">The data path's clock; null: all.</param>
    internal IEnumerable<SyncMessage> All(uint? since = null)
    {
        var batch = new List<(Session6Key Key, Session6 Forward)>();
        var walk4 = _sessions4.Walk();
        while (Next(walk4, batch))
        {
            foreach (var session in Messages(batch, since))
            {
                yield return session;
            }
        }

        var walk6 = _sessions6.Walk();
        while (Next(walk6, batch))
        {
            foreach (var session in Messages(batch, since))
            {
                yield return session;
            }
        }
    }

    private static bool IsPartners(ushort forward, ushort back) => ((SessionFlags)(forward & back) & SessionFlags.Synced) != SessionFlags.None;

    private static bool Next(BpfMap<Session4Key, Session4>.Walker walk, List<(Session6Key Key, Session6 Forward)> batch)
    {
        batch.Clear();
        if (!walk.Next(out var keys, out var values))
        {
            return false;
        }

        for (var i = 0; i < keys.Length; i++)
        {
            if (((SessionFlags)values[i].Flags & SessionFlags.Forward) != SessionFlags.None)
            {
                batch.Add((Wide(keys[i]), Wide(values[i])));
            }
        }

        return true;
    }

    private static bool Next(BpfMap<Session6Key, Session6>.Walker walk, List<(Session6Key Key, Session6 Forward)> batch)
    {
        batch.Clear();
        if (!walk.Next(out var keys, out var values))
        {
            return false;
        }

        for (var i = 0; i < keys.Length; i++)
        {
            if (((SessionFlags)values[i].Flags & SessionFlags.Forward) != SessionFlags.None)
            {
                batch.Add((keys[i], values[i]));
            }
        }

        return true;
    }

    private IEnumerable<SyncMessage> Messages(List<(Session6Key Key, Session6 Forward)> batch, uint? since)
    {
        foreach (var (key, forward) in batch)
        {
            var back = Back(key, forward);
            if (since is { } from && (IsPartners(forward.Flags, back.Flags) || ((int)(forward.Seen - from) < 0 && (int)(back.Seen - from) < 0)))
            {
                continue;
            }

            if (Names.Told(key, forward, back, Now) is { } record)
            {
                yield return new SyncMessage.Session(record);
            }
        }
    }

    /// <summary>The entry of the way back; all zero: it is gone.</summary>
    private Session6 Back(in Session6Key key, in Session6 forward)
    {
        var protocol = (byte)key.RealmProtocol;
        if (forward.Source.ToIpAddr().IsV4)
        {
            return _sessions4.TryGet(
                new()
                {
                    RealmProtocol = (forward.Realm << 8) | protocol,
                    Source = Narrow(forward.Destination),
                    Destination = Narrow(forward.Source),
                    SourcePort = forward.DestinationPort,
                    DestinationPort = forward.SourcePort,
                },
                out var four) ? Wide(four) : default;
        }

        return _sessions6.TryGet(
            new()
            {
                RealmProtocol = (forward.Realm << 8) | protocol,
                Source = forward.Destination,
                Destination = forward.Source,
                SourcePort = forward.DestinationPort,
                DestinationPort = forward.SourcePort,
            },
            out var six) ? six : default;
    }

    private static Session6Key Wide(in Session4Key key) => new()
    {
        RealmProtocol = key.RealmProtocol,
        Source = Wide(key.Source),
        Destination = Wide(key.Destination),
        SourcePort = key.SourcePort,
        DestinationPort = key.DestinationPort,
    };

    private static Session6 Wide(in Session4 session) => new()
    {
        Realm = session.Realm,
        Policy = session.Policy,
        Seen = session.Seen,
        Flags = session.Flags,
        Vnet = session.Vnet,
        Backend = session.Backend,
        Meter = session.Meter,
        SourcePort = session.SourcePort,
        DestinationPort = session.DestinationPort,
        Source = Wide(session.Source),
        Destination = Wide(session.Destination),
    };

    private static Address16 Wide(uint address) =>
        Address16.Of(Primitives.IpAddr.V4(System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(address)));

    private static uint Narrow(in Address16 address) => System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(address.ToIpAddr().V4Number);
}
