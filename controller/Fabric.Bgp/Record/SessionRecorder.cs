using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Fabric.Bgp.Fsm;

namespace Fabric.Bgp.Record;

/// <summary>Records what a peer's state machine is told and what it decides, one JSON object a line.</summary>
/// <remarks>
/// Each file begins with configuration and state, so that it can be replayed alone. There are no secrets in it: a TCP-MD5 key is no part
/// of the state machine's configuration. A disk that fails ends the recording, never the session. Belongs to the peer's owner task.
/// </remarks>
public sealed class SessionRecorder(SessionRecorderOptions options) : IDisposable
{
    private static readonly byte[] NewLine = "\n"u8.ToArray();

    private PeerFsmConfig? _config;
    private FileStream? _file;

    /// <summary>Why nothing is recorded any more; null while all is well.</summary>
    public string? Failure { get; private set; }

    /// <summary>Records a step.</summary>
    /// <param name="at">When.</param>
    /// <param name="config">The configuration that the step was made with.</param>
    /// <param name="before">The state before it.</param>
    /// <param name="event">What happened.</param>
    /// <param name="message">The received message that the event came from, header included; empty for none.</param>
    /// <param name="actions">What was decided.</param>
    public void Record(
        DateTimeOffset at, PeerFsmConfig config, PeerState before, PeerEvent @event, ReadOnlySpan<byte> message, ImmutableArray<PeerAction> actions)
    {
        ArgumentNullException.ThrowIfNull(before);
        if (Failure is not null)
        {
            return;
        }

        try
        {
            if (_file is null || _file.Length >= options.MaxFileOctets)
            {
                Rotate();
                _config = null;
            }

            if (!ReferenceEquals(_config, config))
            {
                _config = config;
                Write(new() { At = at, Config = config, State = before });
            }

            Write(new()
            {
                At = at,
                Event = @event,
                Message = message.IsEmpty ? null : Convert.ToHexStringLower(message),
                Decoded = message.IsEmpty ? null : MessageDigest.Of(message, before.Session?.Context),
                Actions = JsonSerializer.SerializeToElement(actions, RecordJson.Options),
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Failure = e.Message;
            Close();
        }
    }

    /// <summary>Ends the recording.</summary>
    public void Dispose()
    {
        try
        {
            _file?.Dispose();
        }
        catch (IOException e)
        {
            Failure ??= e.Message;
        }

        _file = null;
        Failure ??= "the recording has ended";
    }

    private void Close()
    {
        try
        {
            _file?.Dispose();
        }
        catch (IOException)
        {
            // What could not be written is lost; that is told already.
        }

        _file = null;
    }

    /// <summary>The current file becomes .1, .1 becomes .2; the oldest one goes. A file left by an earlier run is kept the same way.</summary>
    private void Rotate()
    {
        _file?.Dispose();
        _file = null;
        for (var n = options.OlderFiles; n > 0; n--)
        {
            var from = n == 1 ? options.Path : Older(n - 1);
            if (File.Exists(from))
            {
                File.Move(from, Older(n), overwrite: true);
            }
        }

        _file = new FileStream(options.Path, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            Share = FileShare.Read,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead,
        });
    }

    private string Older(int number) => options.Path + "." + number.ToString(CultureInfo.InvariantCulture);

    private void Write(RecordLine line)
    {
        _file!.Write(JsonSerializer.SerializeToUtf8Bytes(line, RecordJson.Options));
        _file.Write(NewLine);
        _file.Flush();
    }
}
