using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Fabric.Primitives;
using Fabric.SoftGate.Kernel;
using Fabric.SoftGate.Layout;

namespace Fabric.SoftGate.Tests;

/// <summary>The structures in C# are those of the object file, member by member.</summary>
[Trait("Category", "lab")]
public sealed class LayoutTests
{
    /// <summary>Structures that stand in events and not in maps, so the object's type information may lack them while no program writes them.</summary>
    private static readonly string[] MayBeAbsent =
        ["event_header", "session_event", "block_event", "resolve_event", "neighbor_event", "flow_event"];

    public static TheoryData<string> Structures() =>
        new(typeof(Vpc).Assembly.GetTypes()
            .Where(t => t.Namespace == "Fabric.SoftGate.Layout" && t is { IsValueType: true, IsEnum: false, IsNested: false })
            .Where(t => t.GetCustomAttribute<InlineArrayAttribute>() is null && t != typeof(FragmentRange))
            .Select(t => t.Name));

    [Fact]
    public void EveryStructureHasTheMembersOfTheObjectFile()
    {
        using var dataPath = DataPathObject.Load(new DataPathOptions());
        var wrong = new List<string>();
        foreach (var name in Structures().Select(row => row.Data))
        {
            var type = typeof(Vpc).Assembly.GetType($"Fabric.SoftGate.Layout.{name}", throwOnError: true)!;
            var inC = SnakeCase(name);
            if (dataPath.Layout(inC) is not { } layout)
            {
                if (!MayBeAbsent.Contains(inC))
                {
                    wrong.Add($"{name}: the object file has no struct {inC}");
                }

                continue;
            }

            var size = Marshal.SizeOf(type);
            if (size != layout.Size)
            {
                wrong.Add($"{name}: {size} octets, in C {layout.Size}");
            }

            var members = type.GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public)
                .Select(f => $"{SnakeCase(f.Name)} at {Marshal.OffsetOf(type, f.Name)}");
            var expected = layout.Members.Select(m => $"{m.Name.TrimEnd('_')} at {m.BitOffset / 8}");
            if (!members.SequenceEqual(expected))
            {
                wrong.Add($"{name}: {string.Join(", ", members.Except(expected))}; in C: {string.Join(", ", expected.Except(members))}");
            }
        }

        Assert.Empty(wrong);
    }

    [Theory]
    [InlineData("10.1.2.3")]
    [InlineData("2001:db8::1")]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    public void AddressesComeBack(string text)
    {
        var address = IpAddr.Parse(text);
        Assert.Equal(address, Address16.Of(address).ToIpAddr());
    }

    private static string SnakeCase(string name) => string.Concat(name.Replace("VNet", "Vnet", StringComparison.Ordinal)
        .Select((c, i) => char.IsUpper(c) && i > 0 ? $"_{char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));
}
