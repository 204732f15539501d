namespace Fabric.Ctl.Capture;

/// <summary>Lines of a stream, of bounded length.</summary>
/// <param name="input">The stream.</param>
public sealed class LineReader(BufferedInput input)
{
    /// <summary>Longest line, in octets; the longest message takes 131070 digits.</summary>
    public const int MaxLength = 1024 * 1024;

    /// <summary>Number of the last line that was read, from 1.</summary>
    public int Number { get; private set; }

    /// <summary>The next line without its end; null at the end of the stream. A line that is too long is a <see cref="CtlException"/>.</summary>
    public async ValueTask<byte[]?> NextAsync(CancellationToken cancellationToken)
    {
        var searched = 0;
        while (true)
        {
            var end = input.Buffered.Span[searched..].IndexOf((byte)'\n');
            if (end >= 0 || !await More())
            {
                if (end < 0 && input.Buffered.IsEmpty)
                {
                    return null;
                }

                Number++;
                var length = end < 0 ? input.Buffered.Length : searched + end;
                var line = input.Buffered.Span[..length].ToArray();
                input.Advance(end < 0 ? length : length + 1);
                return line;
            }
        }

        ValueTask<bool> More()
        {
            searched = input.Buffered.Length;
            if (searched > MaxLength)
            {
                throw new CtlException(ExitCodes.Usage, $"line {Number + 1} is longer than {MaxLength} characters");
            }

            return input.HasAsync(searched + 1, cancellationToken);
        }
    }
}
