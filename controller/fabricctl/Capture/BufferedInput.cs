namespace Fabric.Ctl.Capture;

/// <summary>A stream with a window on what comes next. The window grows to what a caller asks for, no further.</summary>
/// <param name="stream">Where octets come from.</param>
public sealed class BufferedInput(Stream stream)
{
    private byte[] _buffer = new byte[64 * 1024];
    private int _from;
    private int _to;

    /// <summary>Octets read and not yet taken; valid until the next call.</summary>
    public ReadOnlyMemory<byte> Buffered => _buffer.AsMemory(_from, _to - _from);

    /// <summary>Reads until this many octets are there; false when the stream ends before.</summary>
    public async ValueTask<bool> HasAsync(int count, CancellationToken cancellationToken)
    {
        while (_to - _from < count)
        {
            if (_from > 0)
            {
                Buffered.CopyTo(_buffer);
                (_from, _to) = (0, _to - _from);
            }

            if (_to == _buffer.Length || _buffer.Length < count)
            {
                Array.Resize(ref _buffer, Math.Max(count, _buffer.Length * 2));
            }

            var read = await stream.ReadAsync(_buffer.AsMemory(_to), cancellationToken);
            if (read == 0)
            {
                return false;
            }

            _to += read;
        }

        return true;
    }

    /// <summary>Takes octets out of the window.</summary>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _to - _from);
        _from += count;
    }

    /// <summary>Goes over octets, buffered or not; false when the stream ends before.</summary>
    public async ValueTask<bool> SkipAsync(long count, CancellationToken cancellationToken)
    {
        while (count > 0)
        {
            if (!await HasAsync(1, cancellationToken))
            {
                return false;
            }

            var step = (int)Math.Min(count, Buffered.Length);
            Advance(step);
            count -= step;
        }

        return true;
    }
}
