namespace Fabric.Ctl.Capture;

/// <summary>Puts the segments of one direction of a connection in order: without doubles, in spite of retransmissions and segments out of order.</summary>
public sealed class TcpDirection
{
    /// <summary>Most octets that wait for an earlier segment; beyond it the earlier one is taken for lost.</summary>
    public const int MaxWaiting = 1024 * 1024;

    private const int MaxWaitingSegments = 4096;

    /// <summary>A sequence number further off than this is of another connection whose beginning was not captured.</summary>
    private const int MaxDistance = 1 << 26;

    private readonly List<(uint Sequence, byte[] Octets)> _waiting = [];
    private byte[] _ready = [];
    private int _from;
    private int _to;
    private uint? _start;
    private uint? _next;
    private int _waitingOctets;

    /// <summary>Octets in order, not yet taken.</summary>
    public ReadOnlySpan<byte> Ready => _ready.AsSpan(_from, _to - _from);

    /// <summary>Octets held in memory.</summary>
    public int Held => _ready.Length + _waitingOctets;

    /// <summary>Whether later segments wait for one that has not come.</summary>
    public bool IsWaiting => _waiting.Count > 0;

    /// <summary>A connection begins; false when it is the one already known.</summary>
    public bool Start(uint sequence)
    {
        if (_start == sequence)
        {
            return false;
        }

        Clear();
        _start = sequence;
        _next = sequence + 1;
        return true;
    }

    /// <summary>Takes a segment.</summary>
    /// <param name="sequence">Sequence number of the first octet.</param>
    /// <param name="octets">The payload.</param>
    /// <returns>False when so much waits that what is missing must be taken for lost: <see cref="SkipGap"/>.</returns>
    public bool Add(uint sequence, ReadOnlySpan<byte> octets)
    {
        if (_next is { } expected && Math.Abs((long)Distance(sequence, expected)) > MaxDistance)
        {
            Clear();
        }

        _next ??= sequence;
        var ahead = Distance(sequence, _next.Value);
        if (ahead > 0)
        {
            Wait(sequence, octets);
            return _waitingOctets <= MaxWaiting && _waiting.Count <= MaxWaitingSegments;
        }

        Append(octets[Math.Min(-ahead, octets.Length)..]);
        TakeWaiting();
        return true;
    }

    /// <summary>Gives up what is in front of the first segment that waits. Answers how many octets are lost, see <see cref="SkipTo"/>.</summary>
    public long SkipGap() => _waiting.Count == 0 ? 0 : SkipTo(_waiting[0].Sequence);

    /// <summary>Gives up everything in front of a sequence number, with what is ready and not taken: it is of no use without what is lost.</summary>
    /// <returns>How many octets are lost.</returns>
    public long SkipTo(uint sequence)
    {
        var ahead = _next is { } next ? Distance(sequence, next) : 0;
        if (ahead < 0)
        {
            return 0;
        }

        long lost = (long)Ready.Length + ahead;
        (_from, _to) = (0, 0);
        _next = sequence;
        TakeWaiting();
        return lost;
    }

    /// <summary>Takes octets off the front of what is ready.</summary>
    public void Advance(int count)
    {
        _from += count;
        if (_from == _to)
        {
            (_from, _to) = (0, 0);
        }
    }

    private static int Distance(uint sequence, uint from) => unchecked((int)(sequence - from));

    private void Clear()
    {
        _waiting.Clear();
        _waitingOctets = 0;
        (_from, _to) = (0, 0);
        _next = null;
        _start = null;
    }

    private void Append(ReadOnlySpan<byte> octets)
    {
        if (_to + octets.Length > _ready.Length)
        {
            var rest = Ready;
            var room = rest.Length + octets.Length <= _ready.Length ? _ready : new byte[Math.Max(4096, (rest.Length + octets.Length) * 2)];
            rest.CopyTo(room);
            (_ready, _from, _to) = (room, 0, rest.Length);
        }

        octets.CopyTo(_ready.AsSpan(_to));
        _to += octets.Length;
        _next += (uint)octets.Length;
    }

    private void Wait(uint sequence, ReadOnlySpan<byte> octets)
    {
        if (octets.IsEmpty)
        {
            return;
        }

        var at = _waiting.FindIndex(w => Distance(w.Sequence, sequence) >= 0);
        at = at < 0 ? _waiting.Count : at;
        if (at < _waiting.Count && _waiting[at].Sequence == sequence)
        {
            if (_waiting[at].Octets.Length >= octets.Length)
            {
                return;
            }

            Forget(at);
        }

        _waiting.Insert(at, (sequence, octets.ToArray()));
        _waitingOctets += octets.Length;
    }

    /// <summary>Appends what waits and is in order now.</summary>
    private void TakeWaiting()
    {
        while (_waiting.Count > 0 && Distance(_waiting[0].Sequence, _next!.Value) is var ahead and <= 0)
        {
            var octets = _waiting[0].Octets;
            Forget(0);
            Append(octets.AsSpan(Math.Min(-ahead, octets.Length)));
        }
    }

    private void Forget(int at)
    {
        _waitingOctets -= _waiting[at].Octets.Length;
        _waiting.RemoveAt(at);
    }
}
