using Fabric.SoftGate.Kernel;

namespace Fabric.SoftGate.Fuzz;

/// <summary>One stream of mutated frames, given by its seed alone, against a data path of its own.</summary>
internal sealed class FuzzWorker : IDisposable
{
    // Packets after which the world forgets, lest all that follows meets full tables.
    private const int FragmentsLast = 2_000;
    private const int SessionsLast = 100_000;

    private readonly World _world;
    private readonly Mutator _mutator;
    private readonly byte[] _room = new byte[Mutator.Room + 256];
    private readonly long[] _verdicts = new long[5];

    public FuzzWorker(int seed)
    {
        _world = new World();
        _world.DataPath.TablesChanged(); // What is remembered takes part.
        _mutator = new Mutator(new Random(seed), Seeds.All);
    }

    /// <summary>Frames that were run.</summary>
    public long Frames { get; private set; }

    /// <summary>How often each verdict was given.</summary>
    public IReadOnlyList<long> Verdicts => _verdicts;

    /// <summary>The world that frames go through.</summary>
    public World World => _world;

    /// <summary>Runs every good frame, and each at every length that it can be cut to.</summary>
    /// <returns>What was found; null when nothing was.</returns>
    public string? RunTruncations()
    {
        foreach (var seed in Seeds.All)
        {
            for (var length = seed.Length; length >= 14; length--)
            {
                if (Check(seed.AsSpan(0, length)) is { } found)
                {
                    return found;
                }
            }
        }

        return null;
    }

    /// <summary>Runs so many mutated frames.</summary>
    /// <returns>What was found, with the frame as hex; null when nothing was.</returns>
    public string? Run(int frames)
    {
        for (var i = 0; i < frames; i++)
        {
            var length = _mutator.Next(_room);
            if (Check(_room.AsSpan(0, length)) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    public void Dispose() => _world.Dispose();

    private string? Check(ReadOnlySpan<byte> frame)
    {
        Frames++;
        if (Frames % FragmentsLast == 0)
        {
            _world.ForgetFragments();
        }

        if (Frames % SessionsLast == 0)
        {
            _world.ForgetSessions();
        }

        string? violation;
        try
        {
            var (verdict, output) = _world.Run(frame);
            _verdicts[(int)verdict]++;
            violation = Invariants.Violation(frame, verdict, output.Span);
        }
        catch (KernelException e)
        {
            violation = e.Message;
        }

        return violation is null ? null : $"{violation}\n{Convert.ToHexStringLower(frame)}";
    }
}
