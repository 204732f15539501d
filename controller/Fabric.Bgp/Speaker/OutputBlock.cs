using System.Collections.Concurrent;

namespace Fabric.Bgp.Speaker;

/// <summary>Whole messages in a row, ready to be sent, shared by all who send them. Given back to a pool by the last of them.</summary>
internal sealed class OutputBlock
{
    /// <summary>Octets of a block: the longest message and some.</summary>
    public const int Size = 96 * 1024;

    private const int MostPooled = 128;
    private static readonly ConcurrentBag<OutputBlock> s_pool = [];
    private static int s_pooled;
    private int _users;

    private OutputBlock()
    {
    }

    public byte[] Octets { get; } = GC.AllocateUninitializedArray<byte>(Size);

    /// <summary>Octets written.</summary>
    public int Length { get; set; }

    /// <summary>A block with one user.</summary>
    public static OutputBlock Rent()
    {
        if (s_pool.TryTake(out var block))
        {
            Interlocked.Decrement(ref s_pooled);
        }

        block ??= new OutputBlock();
        block.Length = 0;
        block._users = 1;
        return block;
    }

    public void Share() => Interlocked.Increment(ref _users);

    public void Release()
    {
        if (Interlocked.Decrement(ref _users) == 0 && Volatile.Read(ref s_pooled) < MostPooled)
        {
            Interlocked.Increment(ref s_pooled);
            s_pool.Add(this);
        }
    }
}
