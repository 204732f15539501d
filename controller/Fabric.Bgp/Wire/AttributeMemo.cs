using Fabric.Bgp.Attributes;

namespace Fabric.Bgp.Wire;

/// <summary>The attributes of a session's last good UPDATE, by their octets: senders repeat them in message after message.</summary>
internal sealed class AttributeMemo
{
    private byte[] _key = new byte[256];
    private byte[] _room = new byte[256];
    private int _keyLength;
    private PathAttributes? _attributes;

    /// <summary>The attributes, if these are the octets they were made of.</summary>
    public PathAttributes? Find(ReadOnlySpan<byte> key) => _attributes is not null && key.SequenceEqual(_key.AsSpan(0, _keyLength)) ? _attributes : null;

    /// <summary>Room to put a key together in; used again with the next call.</summary>
    public Span<byte> Room(int length)
    {
        if (_room.Length < length)
        {
            _room = new byte[length];
        }

        return _room.AsSpan(0, length);
    }

    public void Keep(ReadOnlySpan<byte> key, PathAttributes attributes)
    {
        if (key.Length > _key.Length)
        {
            _key = new byte[key.Length];
        }

        key.CopyTo(_key);
        _keyLength = key.Length;
        _attributes = attributes;
    }
}
