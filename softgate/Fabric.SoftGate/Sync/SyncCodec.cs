using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Fabric.Primitives;
using Fabric.SoftGate.Health;
using Fabric.SoftGate.Layout;

namespace Fabric.SoftGate.Sync;

/// <summary>
/// Messages as octets: length of what follows (2 octets), type (1), and what the type has. Numbers are in network order. What comes is refused
/// as a whole unless every octet has its meaning.
/// </summary>
internal static class SyncCodec
{
    /// <summary>Version of the protocol. Nodes of different versions do not talk.</summary>
    internal const byte Version = 2;

    /// <summary>Octets of the largest message, length and type included.</summary>
    internal const int MaxLength = 300;

    private const int MaxName = 253;
    private const int LengthOctets = 2;

    private enum Type : byte
    {
        Hello = 1,
        Want = 2,
        Session = 3,
        Closed = 4,
        Complete = 5,
        Alive = 6,
        Health = 7,
    }

    /// <summary>Writes a message.</summary>
    internal static void Write(IBufferWriter<byte> output, SyncMessage message)
    {
        var writer = new Writer(output.GetSpan(MaxLength));
        writer.U16(0);
        switch (message)
        {
            case SyncMessage.Hello m:
                writer.U8((byte)Type.Hello);
                writer.U8(m.Version);
                writer.Bytes(Encoding.UTF8.GetBytes(m.Node));
                break;
            case SyncMessage.Want:
                writer.U8((byte)Type.Want);
                break;
            case SyncMessage.Session m:
                writer.U8((byte)Type.Session);
                Write(ref writer, m.Record);
                break;
            case SyncMessage.Closed m:
                writer.U8((byte)Type.Closed);
                Write(ref writer, m.Name);
                break;
            case SyncMessage.Complete:
                writer.U8((byte)Type.Complete);
                break;
            case SyncMessage.Alive:
                writer.U8((byte)Type.Alive);
                break;
            case SyncMessage.Health m:
                writer.U8((byte)Type.Health);
                writer.U8(m.Backend.Address.IsV4 ? (byte)4 : (byte)6);
                writer.U32((uint)m.Backend.Balancer);
                writer.Address(m.Backend.Address);
                writer.U16(m.Backend.Port);
                writer.U8(m.Well ? (byte)1 : (byte)0);
                break;
            default:
                throw new ArgumentException($"{message.GetType().Name} is not known", nameof(message));
        }

        output.Advance(writer.End());
    }

    /// <summary>Reads the first message of what has come.</summary>
    /// <param name="input">What has come; goes on behind the message.</param>
    /// <param name="message">The message; null: it is not all there yet.</param>
    /// <param name="error">Why it is none; null: it is one, or not all there yet.</param>
    /// <returns>False: there is none.</returns>
    internal static bool TryRead(ref ReadOnlySpan<byte> input, out SyncMessage? message, out string? error)
    {
        (message, error) = (null, null);
        if (input.Length < LengthOctets)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadUInt16BigEndian(input);
        if (length is 0 or > MaxLength - LengthOctets)
        {
            error = $"a message has 1..{MaxLength - LengthOctets} octets, not {length}";
            return false;
        }

        if (input.Length < LengthOctets + length)
        {
            return false;
        }

        var reader = new Reader(input.Slice(LengthOctets, length));
        message = Read(ref reader);
        error = reader.Error ?? (reader.Rest > 0 ? $"{reader.Rest} octets behind the message" : null);
        if (error is not null)
        {
            message = null;
            return false;
        }

        input = input[(LengthOctets + length)..];
        return true;
    }

    private static SyncMessage? Read(ref Reader reader)
    {
        switch ((Type)reader.U8())
        {
            case Type.Hello:
                return new SyncMessage.Hello(reader.U8(), reader.Text(MaxName));
            case Type.Want:
                return new SyncMessage.Want();
            case Type.Session:
                return new SyncMessage.Session(ReadRecord(ref reader));
            case Type.Closed:
                return new SyncMessage.Closed(ReadName(ref reader, out _));
            case Type.Complete:
                return new SyncMessage.Complete();
            case Type.Alive:
                return new SyncMessage.Alive();
            case Type.Health:
                return ReadHealth(ref reader);
            case var type:
                reader.Fail($"type {(byte)type} is not known");
                return null;
        }
    }

    private static void Write(ref Writer writer, in SessionName name)
    {
        writer.U8(name.Source.IsV4 ? (byte)4 : (byte)6);
        writer.U8(name.Protocol);
        writer.U32((uint)name.Vpc);
        writer.Address(name.Source);
        writer.Address(name.Destination);
        writer.U16(name.SourcePort);
        writer.U16(name.DestinationPort);
    }

    private static void Write(ref Writer writer, in SessionRecord record)
    {
        Write(ref writer, record.Name);
        writer.U32((uint)record.ToVpc);
        writer.Address(record.Source);
        writer.Address(record.Destination);
        writer.U16(record.SourcePort);
        writer.U16(record.DestinationPort);
        writer.U16((ushort)record.Forward);
        writer.U16((ushort)record.Back);
        Write(ref writer, record.ForwardNetwork);
        Write(ref writer, record.BackNetwork);
        writer.U32((uint)record.Balancer);
        writer.U32(record.ForwardAge);
        writer.U32(record.BackAge);
    }

    private static void Write(ref Writer writer, NetworkName network)
    {
        writer.U8((byte)network.Kind);
        writer.U32((uint)network.Uid);
    }

    private static SessionName ReadName(ref Reader reader, out bool isV4)
    {
        var family = reader.U8();
        isV4 = family == 4;
        if (family is not (4 or 6))
        {
            reader.Fail($"IP version {family}");
        }

        return new(reader.U8(), reader.Uid(), reader.Address(isV4), reader.Address(isV4), reader.U16(), reader.U16());
    }

    private static SyncMessage.Health ReadHealth(ref Reader reader)
    {
        var family = reader.U8();
        if (family is not (4 or 6))
        {
            reader.Fail($"IP version {family}");
        }

        var backend = new BackendName(reader.Uid(), reader.Address(family == 4), reader.U16());
        var well = reader.U8();
        if (well > 1)
        {
            reader.Fail($"health {well}");
        }

        return new(backend, well == 1);
    }

    private static SessionRecord ReadRecord(ref Reader reader)
    {
        var record = new SessionRecord
        {
            Name = ReadName(ref reader, out var isV4),
            ToVpc = reader.Uid(),
            Source = reader.Address(isV4),
            Destination = reader.Address(isV4),
            SourcePort = reader.U16(),
            DestinationPort = reader.U16(),
            Forward = reader.Flags(),
            Back = reader.Flags(),
            ForwardNetwork = reader.Network(),
            BackNetwork = reader.Network(),
            Balancer = reader.Uid(),
            ForwardAge = reader.U32(),
            BackAge = reader.U32(),
        };
        if (record.Name.Vpc == 0 && record.ToVpc == 0)
        {
            reader.Fail("a session of no VPC");
        }

        return record;
    }

    /// <summary>Writes into a span that is large enough for every message.</summary>
    private ref struct Writer(Span<byte> room)
    {
        private readonly Span<byte> _room = room;
        private int _at;

        internal void U8(byte value) => _room[_at++] = value;

        internal void U16(ushort value)
        {
            BinaryPrimitives.WriteUInt16BigEndian(_room[_at..], value);
            _at += 2;
        }

        internal void U32(uint value)
        {
            BinaryPrimitives.WriteUInt32BigEndian(_room[_at..], value);
            _at += 4;
        }

        internal void Address(IpAddr address) => _at += address.WriteTo(_room[_at..]);

        internal void Bytes(ReadOnlySpan<byte> octets)
        {
            octets.CopyTo(_room[_at..]);
            _at += octets.Length;
        }

        /// <summary>Sets the length in front; gives the octets written.</summary>
        internal readonly int End()
        {
            BinaryPrimitives.WriteUInt16BigEndian(_room, (ushort)(_at - LengthOctets));
            return _at;
        }
    }

    /// <summary>Reads on after an error, and gives nothing then.</summary>
    private ref struct Reader(ReadOnlySpan<byte> data)
    {
        private ReadOnlySpan<byte> _rest = data;

        internal string? Error { get; private set; }

        internal readonly int Rest => _rest.Length;

        internal void Fail(string why)
        {
            Error ??= why;
            _rest = default;
        }

        internal byte U8() => Take(1) is [var value] ? value : (byte)0;

        internal ushort U16() => Take(2) is { IsEmpty: false } octets ? BinaryPrimitives.ReadUInt16BigEndian(octets) : (ushort)0;

        internal uint U32() => Take(4) is { IsEmpty: false } octets ? BinaryPrimitives.ReadUInt32BigEndian(octets) : 0;

        internal int Uid()
        {
            var value = U32();
            if (value > int.MaxValue)
            {
                Fail($"{value} is no uid");
            }

            return (int)(value & int.MaxValue);
        }

        internal IpAddr Address(bool isV4)
        {
            var octets = Take(isV4 ? 4 : 16);
            if (octets.IsEmpty)
            {
                return default;
            }

            var address = IpAddr.FromBytes(octets);
            if (!isV4 && Address16.Of(address).ToIpAddr().IsV4)
            {
                Fail($"{address} is an IPv4 address");
            }

            return address;
        }

        internal SessionFlags Flags()
        {
            var flags = (SessionFlags)U16();
            if ((flags & ~SessionRecord.Told) != SessionFlags.None)
            {
                Fail($"flags {(ushort)flags:x}");
            }

            return flags;
        }

        internal NetworkName Network()
        {
            var kind = U8();
            if (kind > (byte)VNetKind.L3)
            {
                Fail($"V-Net of kind {kind}");
            }

            return new((VNetKind)kind, Uid());
        }

        internal string Text(int most)
        {
            var octets = Take(_rest.Length);
            if (octets.Length > most || octets.ContainsAnyExceptInRange((byte)' ', (byte)'~'))
            {
                Fail("a name of other characters, or too long");
                return "";
            }

            return Encoding.ASCII.GetString(octets);
        }

        private ReadOnlySpan<byte> Take(int count)
        {
            if (count > _rest.Length)
            {
                Fail("it ends too early");
                return default;
            }

            var taken = _rest[..count];
            _rest = _rest[count..];
            return taken;
        }
    }
}
