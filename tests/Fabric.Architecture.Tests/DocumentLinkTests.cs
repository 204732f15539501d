using System.Text.RegularExpressions;

namespace Fabric.Architecture.Tests;

/// <summary>What the documents link to is there.</summary>
public sealed partial class DocumentLinkTests
{
    public static TheoryData<string> Documents =>
    [
        .. Directory.EnumerateFiles(Solution.Root, "*.md", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden })
            .Select(p => Path.GetRelativePath(Solution.Root, p).Replace('\\', '/'))
            .Where(p => !p.Split('/').Any(part => part is "bin" or "obj" or "node_modules" or "artifacts"))
            .Order(StringComparer.Ordinal),
    ];

    [Fact]
    public void The_documents_are_found()
    {
        // Guards the guard: were no documents found, no link could be broken.
        var names = Documents.Select(d => d.Data).ToList();
        Assert.Contains("README.md", names);
        Assert.Contains("docs/decisions/README.md", names);
        Assert.NotEmpty(LinksIn("see [x](docs/api.md) and `[no](code.md)`"));
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_relative_link_leads_to_a_file_or_folder_and_every_anchor_to_a_heading(string document)
    {
        var folder = Path.GetDirectoryName(Path.Combine(Solution.Root, document))!;
        var broken = new List<string>();
        foreach (var link in LinksIn(File.ReadAllText(Path.Combine(Solution.Root, document))))
        {
            if (link.Contains("://", StringComparison.Ordinal) || link.StartsWith("mailto:", StringComparison.Ordinal))
            {
                continue;
            }

            var parts = link.Split('#', 2);
            var target = parts[0].Length == 0 ? Path.Combine(Solution.Root, document) : Path.GetFullPath(Path.Combine(folder, Uri.UnescapeDataString(parts[0])));
            if (!Path.Exists(target) || !target.StartsWith(Solution.Root, StringComparison.Ordinal))
            {
                broken.Add(link);
            }
            else if (parts.Length == 2 && target.EndsWith(".md", StringComparison.Ordinal) && !Headings(target).Contains(parts[1], StringComparer.Ordinal))
            {
                broken.Add(link);
            }
        }

        Assert.True(broken.Count == 0, $"{document} links to what is not there: {string.Join(", ", broken)}");
    }

    [Fact]
    public void Every_decision_is_in_the_list_of_decisions()
    {
        var folder = Path.Combine(Solution.Root, "docs", "decisions");
        var listed = LinksIn(File.ReadAllText(Path.Combine(folder, "README.md"))).ToHashSet(StringComparer.Ordinal);
        Assert.All(Directory.EnumerateFiles(folder, "0*.md").Select(p => Path.GetFileName(p)!), name => Assert.Contains(name, listed));
    }

    private static IEnumerable<string> LinksIn(string text) => Link().Matches(Code().Replace(text, "")).Select(m => m.Groups["to"].Value);

    private static IEnumerable<string> Headings(string file) =>
        Code().Replace(File.ReadAllText(file), "").Split('\n').Where(l => l.StartsWith('#'))
            .Select(l => NotInAnchors().Replace(l.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-'));

    [GeneratedRegex("```.*?```|`[^`\n]*`", RegexOptions.Singleline, 1000)]
    private static partial Regex Code();

    [GeneratedRegex(@"\[[^\]]*\]\((?<to>[^)\s]+)\)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Link();

    [GeneratedRegex(@"[^\w\- ]", RegexOptions.None, 1000)]
    private static partial Regex NotInAnchors();
}
