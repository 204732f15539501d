namespace Fabric.Architecture.Tests;

/// <summary>Dependencies point one way. A new project has to be entered here before it can refer to anything.</summary>
public sealed class ProjectReferenceTests
{
    /// <summary>What each product project may refer to directly; a project that is not listed may refer to nothing.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Fabric.Primitives"] = [],
        ["Fabric.Intent"] = ["Fabric.Primitives"],
        ["Fabric.Bgp"] = ["Fabric.Primitives"],
        ["Fabric.Hosting"] = ["Fabric.Bgp"],
        ["Fabric.Drivers"] = ["Fabric.Primitives"],
        ["Fabric.Drivers.FrrLinux"] = ["Fabric.Primitives", "Fabric.Drivers"],
        ["Fabric.Drivers.KvmHost"] = ["Fabric.Primitives", "Fabric.Drivers", "Fabric.Drivers.FrrLinux"],
        ["Fabric.Compiler"] = ["Fabric.Primitives", "Fabric.Intent", "Fabric.Drivers", "Fabric.SoftGate.Contracts"],
        ["Fabric.Sqlite"] = [],
        ["Fabric.Client"] = [],
        ["Fabric.Storage"] = ["Fabric.Primitives", "Fabric.Intent", "Fabric.Sqlite"],
        ["Fabric.Reconciler"] = ["Fabric.Primitives", "Fabric.Intent", "Fabric.Compiler", "Fabric.Storage", "Fabric.Drivers", "Fabric.SoftGate.Contracts"],
        ["Fabric.Controller"] =
        [
            "Fabric.Primitives", "Fabric.Intent", "Fabric.Compiler", "Fabric.Storage", "Fabric.Reconciler", "Fabric.Bgp", "Fabric.Drivers",
            "Fabric.SoftGate.Contracts", "Fabric.Sqlite", "Fabric.Hosting",
            "Fabric.Drivers.FrrLinux", "Fabric.Drivers.KvmHost",
        ],
        ["Fabric.SoftGate.Contracts"] = ["Fabric.Primitives"],
        ["Fabric.SoftGate"] = ["Fabric.Primitives", "Fabric.SoftGate.Contracts", "Fabric.Bgp", "Fabric.Hosting"],
        ["Fabric.CloudStackBridge"] = ["Fabric.Primitives", "Fabric.Client", "Fabric.Hosting", "Fabric.Sqlite"],
        ["fabricctl"] = ["Fabric.Primitives", "Fabric.Bgp", "Fabric.Client"],
        ["Fabric.NetworkExtension"] = [],
        ["Fabric.Lab"] = [],
    };

    public static TheoryData<string> Products => [.. Solution.ProjectFiles.Where(Solution.IsProduct)];

    [Theory]
    [MemberData(nameof(Products))]
    public void A_product_project_refers_only_to_what_is_below_it(string project)
    {
        var allowed = Allowed.GetValueOrDefault(Solution.NameOf(project), []);
        var forbidden = Solution.ReferencesOf(project).Except(allowed, StringComparer.Ordinal).ToList();
        Assert.True(forbidden.Count == 0, $"{project} refers to {string.Join(", ", forbidden)}; it may refer to [{string.Join(", ", allowed)}]");
    }

    [Fact]
    public void The_product_projects_are_those_that_the_rules_name() => Assert.Equal(
        Allowed.Keys.Order(StringComparer.Ordinal), Solution.ProjectFiles.Where(Solution.IsProduct).Select(Solution.NameOf).Order(StringComparer.Ordinal));

    [Fact]
    public void The_rules_themselves_point_one_way()
    {
        var placed = new HashSet<string>(StringComparer.Ordinal);
        while (Allowed.Where(r => !placed.Contains(r.Key) && r.Value.All(placed.Contains)).Select(r => r.Key).FirstOrDefault() is { } next)
        {
            placed.Add(next);
        }

        Assert.Equal(Allowed.Count, placed.Count);
    }

    [Fact]
    public void A_project_is_found_by_references_in_the_rules_spelling()
    {
        // Guards the guard: were references not found, every rule above would hold.
        var controller = Solution.ProjectFiles.Single(p => Solution.NameOf(p) == "Fabric.Controller");
        Assert.Contains("Fabric.Reconciler", Solution.ReferencesOf(controller));
    }

    [Fact]
    public void No_product_project_refers_to_a_test_project_or_a_library_outside_the_repository() => Assert.All(
        Solution.ProjectFiles.Where(Solution.IsProduct),
        project =>
        {
            foreach (var include in Solution.Elements(project, "ProjectReference").Select(e => ((string)e.Attribute("Include")!).Replace('\\', '/')))
            {
                var target = Path.GetFullPath(Path.Combine(Solution.Root, Path.GetDirectoryName(project)!, include));
                var path = Path.GetRelativePath(Solution.Root, target).Replace('\\', '/');
                Assert.Contains(path, Solution.ProjectFiles);
                Assert.True(Solution.IsProduct(path), $"{project} refers to {path}");
            }

            Assert.Empty(Solution.Elements(project, "Reference"));
        });
}
