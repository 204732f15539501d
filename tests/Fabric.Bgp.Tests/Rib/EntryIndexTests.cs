using Fabric.Bgp.Rib;

namespace Fabric.Bgp.Tests.Rib;

public sealed class EntryIndexTests
{
    [Theory]
    [InlineData(uint.MaxValue, 50_000)]
    [InlineData(0xffff_0fffu, 20_000)] // some parts split often, others never
    [InlineData(0xff00_03ffu, 5_000)] // many entries a hash
    public void FindsWhatIsInItAndNothingElse(uint bits, int entries)
    {
        var random = new Random(7);
        var index = new EntryIndex();
        var there = new Dictionary<uint, HashSet<int>>();
        var hashes = Enumerable.Range(0, entries).Select(_ => (uint)random.NextInt64(1L << 32) & bits).ToArray();
        for (var entry = 1; entry < entries; entry++)
        {
            Add(index, hashes[entry], entry);
            there.TryAdd(hashes[entry], []);
            there[hashes[entry]].Add(entry);
            var gone = random.Next(1, 3 * entry);
            if (gone < entry && there[hashes[gone]].Remove(gone))
            {
                index.Remove(hashes[gone], gone);
            }
        }

        foreach (var (hash, wanted) in there)
        {
            Assert.Equal(wanted, Found(index, hash));
            Assert.Empty(Found(index, hash ^ 0x0010_0000).Except(there.GetValueOrDefault(hash ^ 0x0010_0000, [])));
        }
    }

    [Fact]
    public void RefusesToHangWhenTooManyHashesAreAlike()
    {
        var index = new EntryIndex();
        Assert.Throws<InvalidOperationException>(() =>
        {
            for (var entry = 1; entry < 2000; entry++)
            {
                Add(index, 42, entry);
            }
        });
        Assert.NotEmpty(Found(index, 42));
    }

    private static void Add(EntryIndex index, uint hash, int entry)
    {
        var slot = index.Start(hash);
        while (index.Next(hash, ref slot) != 0)
        {
        }

        index.Add(hash, entry, slot);
    }

    private static HashSet<int> Found(EntryIndex index, uint hash)
    {
        var found = new HashSet<int>();
        var slot = index.Start(hash);
        while (index.Next(hash, ref slot) is var entry and not 0)
        {
            Assert.True(found.Add(entry));
        }

        return found;
    }
}
